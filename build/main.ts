/** Compiles `src` into `dist/program`, as `npm ci` does. */
import { join, resolve } from 'node:path';
import { bundle } from './bundle.ts';

const top = resolve(import.meta.dirname, '..');
bundle(join(top, 'src'), join(top, 'dist/program'));
