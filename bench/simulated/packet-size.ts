import { IP_UDP_BYTES } from '../../test/sim/link.ts';
import { TAG_BYTES } from './unchecked-introduction.ts';

/** What a link carries: IP packets of Ethernet's usual size. */
export const PACKET_BYTES = 1_500;
/** UDP payload of a full packet. */
export const DATAGRAM_BYTES: number = PACKET_BYTES - IP_UDP_BYTES;
/** Common header, tag, packet number and offset of DATA (src/transfer/README.md). */
export const DATA_HEADER_BYTES: number = 10 + TAG_BYTES + 10;
/** Of the stream, in a full packet. */
export const PAYLOAD_BYTES: number = DATAGRAM_BYTES - DATA_HEADER_BYTES;
/** Of what a link carries, this part is payload at best. */
export const PAYLOAD_SHARE: number = PAYLOAD_BYTES / PACKET_BYTES;
