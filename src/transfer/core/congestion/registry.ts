import type { CongestionController, ControllerOptions } from './controller.ts';
import { Cubic } from './cubic.ts';
import { FixedWindow } from './fixed.ts';

/** Every controller, by the name that `--congestion` takes. One line each. */
export const controllers: Readonly<
  Record<'cubic' | 'fixed', (options: ControllerOptions) => CongestionController>
> = {
  cubic: (options) => new Cubic(options),
  fixed: (options) => new FixedWindow(options),
};

export type ControllerName = keyof typeof controllers;
