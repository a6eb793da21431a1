import type { FuzzTarget } from './target.ts';
import { chatTargets } from './targets/chat.ts';
import { conversationTargets } from './targets/conversations.ts';
import { fileTargets } from './targets/files.ts';
import { partialStateTargets } from './targets/partial-state.ts';
import { packetTargets } from './targets/packets.ts';
import { ticketTargets } from './targets/ticket.ts';

/** Every decoder that takes bytes from the network or from a file: one entry each. */
export const targets: readonly FuzzTarget[] = [
  ...packetTargets,
  ...conversationTargets,
  ...fileTargets,
  ...partialStateTargets,
  ...ticketTargets,
  ...chatTargets,
];
