/** What stops an entry script and is the user's to mend: its message is all they need to see. */
export class Failure extends Error {}

/** Ends the process with the exit code that `main` resolves to, or with the words of a Failure. */
export async function finish(main) {
  try {
    process.exitCode = await main()
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    process.stderr.write(`\ntailrace: ${error.message}\n`)
    process.exitCode = 1
  }
}
