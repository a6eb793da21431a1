import { expect, onTestFinished, test, vi } from 'vitest';
import { Stopping } from '../../src/cli/stopping.ts';

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

/** Of this process, without those that were there before: a signal that is emitted reaches only them. */
function heard(): { readonly stopping: Stopping; readonly emit: (signal: NodeJS.Signals) => void } {
  const before = SIGNALS.map((signal) => process.listeners(signal));
  const stopping = new Stopping();
  const own = (signal: NodeJS.Signals): NodeJS.SignalsListener[] =>
    process.listeners(signal).filter((listener) => !before.flat().includes(listener));
  onTestFinished(() => {
    for (const signal of SIGNALS) for (const listener of own(signal)) process.off(signal, listener);
  });
  return {
    stopping,
    emit: (signal) => {
      for (const listener of own(signal)) listener(signal);
    },
  };
}

test('the second signal leaves with its exit code, also when all is done', () => {
  const exit = vi.spyOn(process, 'exit').mockReturnValue(undefined as never);
  onTestFinished(() => {
    exit.mockRestore();
  });
  const { stopping, emit } = heard();
  const codes: number[] = [];
  stopping.onStop((exitCode) => codes.push(exitCode));
  emit('SIGINT');
  expect([codes, stopping.exitCode]).toEqual([[130], 130]);
  stopping.end();
  expect(exit).not.toHaveBeenCalled();
  emit('SIGTERM');
  expect(exit.mock.calls).toEqual([[143]]);
});

test('without a signal nothing is left of it when all is done', () => {
  const counts = (): number[] => SIGNALS.map((signal) => process.listenerCount(signal));
  const before = counts();
  const { stopping } = heard();
  expect(counts()).toEqual(before.map((count) => count + 1));
  stopping.end();
  expect(counts()).toEqual(before);
});
