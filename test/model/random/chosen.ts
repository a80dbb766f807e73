/** How many random histories to play: HISTORIES=… chooses another number. */
export function chosenRuns(usual: number): number {
  const given = process.env["HISTORIES"];
  const runs = given === undefined || given === "" ? usual : Number(given);
  if (!Number.isSafeInteger(runs) || runs < 0) throw new Error(`HISTORIES must be a whole number, not ${given}`);
  return runs;
}
