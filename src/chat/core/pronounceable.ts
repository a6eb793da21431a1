/** Proquints (D. Wilkerson, arXiv:0901.4016): 16 bits are five letters that can be said aloud. */
const consonants = 'bdfghjklmnprstvz';
const vowels = 'aiou';

/** Words of five letters, one for every two bytes: `lusab-babad`. */
export function pronounceable(bytes: Uint8Array): string {
  const words: string[] = [];
  for (let at = 0; at + 1 < bytes.length; at += 2) {
    const bits = (bytes[at]! << 8) | bytes[at + 1]!;
    const consonant = (shift: number): string => consonants[(bits >> shift) & 15]!;
    const vowel = (shift: number): string => vowels[(bits >> shift) & 3]!;
    words.push(consonant(12) + vowel(10) + consonant(6) + vowel(4) + consonant(0));
  }
  return words.join('-');
}
