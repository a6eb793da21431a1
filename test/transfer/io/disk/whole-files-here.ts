import {
  type WritingCalls,
  WholeFileWork,
} from '../../../../src/transfer/io/disk/whole-file-work.ts';
import { WholeFiles } from '../../../../src/transfer/io/disk/whole-files.ts';

/** Small files, from the first one on, by the code of their thread, but in this one and by these calls. */
export function wholeFilesHere(calls: WritingCalls): WholeFiles {
  return new WholeFiles(() => {
    let work: WholeFileWork | undefined;
    return {
      post: (message) => {
        work?.handle(message);
      },
      listen: (onMessage) => {
        work = new WholeFileWork(calls, onMessage);
        onMessage({ type: 'ready' });
      },
      terminate: () => (work = undefined),
    };
  }, 0);
}
