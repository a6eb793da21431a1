import { Bbr } from './bbr/bbr.ts';
import type { CongestionController, ControllerOptions } from './controller.ts';
import { Cubic } from './cubic.ts';
import { FixedWindow } from './fixed.ts';
import { Ledbat } from './ledbat.ts';

/** Every controller, by the name that `--congestion` takes. One line each. */
export const controllers: Readonly<
  Record<'bbr' | 'cubic' | 'ledbat' | 'fixed', (options: ControllerOptions) => CongestionController>
> = {
  bbr: (options) => new Bbr(options),
  cubic: (options) => new Cubic(options),
  ledbat: (options) => new Ledbat(options),
  fixed: (options) => new FixedWindow(options),
};

export type ControllerName = keyof typeof controllers;

/** In the order of the registry. */
export const controllerNames: readonly ControllerName[] = Object.keys(
  controllers,
) as ControllerName[];
