import type { PathMember } from './path-member.ts';

/**
 * The members of a path that have something to send, served by deficit round robin (Shreedhar and
 * Varghese, 1995): each turn a member gets the same number of bytes, at least a datagram's, so that
 * small and large packets share the path by bytes.
 */
export class MemberRing {
  readonly #members: PathMember[] = [];
  #turn = 0;

  get isEmpty(): boolean {
    return this.#members.length === 0;
  }

  /** What the member whose turn it is may send before the next one's. */
  get turnLeftBytes(): number {
    return this.#members[this.#turn]?.deficitBytes ?? 0;
  }

  add(member: PathMember): void {
    if (member.isReady) return;
    member.isReady = true;
    member.deficitBytes = 0;
    this.#members.push(member);
  }

  remove(member: PathMember): void {
    if (!member.isReady) return;
    member.isReady = false;
    const index = this.#members.indexOf(member);
    this.#members.splice(index, 1);
    if (index < this.#turn) this.#turn--;
    if (this.#turn >= this.#members.length) this.#turn = 0;
  }

  /** One packet of the member whose turn it is; members with nothing to send fall out. */
  poll(buffer: Uint8Array, quantumBytes: number, nowUs: number): number {
    while (this.#members.length > 0) {
      const member = this.#members[this.#turn]!;
      if (member.deficitBytes <= 0) {
        member.deficitBytes += quantumBytes;
        // It has sent more than a turn's worth, such as an MTU probe: its turns go to the others.
        if (member.deficitBytes <= 0) {
          this.#turn = (this.#turn + 1) % this.#members.length;
          continue;
        }
      }
      const length = member.pollPacket(buffer, nowUs);
      if (length === 0) {
        member.isReady = false;
        this.#members.splice(this.#turn, 1);
        if (this.#turn >= this.#members.length) this.#turn = 0;
        continue;
      }
      member.deficitBytes -= length;
      if (member.deficitBytes <= 0) this.#turn = (this.#turn + 1) % this.#members.length;
      return length;
    }
    return 0;
  }
}
