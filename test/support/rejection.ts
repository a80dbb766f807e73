// Awaits a promise that must reject, and returns its error. A promise that resolves fails the test.

export async function rejection(promise: PromiseLike<unknown>): Promise<Error> {
  let value: unknown;
  try {
    value = await promise;
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
  throw new Error(`the promise resolved instead of rejecting, with ${JSON.stringify(value)}`);
}
