/** `compile.ts FOLDER`: engine and benches, compiled from the source as it is now. */
import { buildBenches, buildUpd } from '../test/program/build.ts';

const folder = process.argv[2]!;
buildUpd(folder);
buildBenches(folder);
