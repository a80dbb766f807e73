// Awaits a failure: a promise that must reject gives its error, one that resolves fails the test.

export async function rejection(promise: PromiseLike<unknown>): Promise<Error> {
  let value: unknown;
  try {
    value = await promise;
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
  throw new Error(`this was to fail and gave ${JSON.stringify(value)}`);
}
