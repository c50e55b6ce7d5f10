// checks - named checks: one line for each, "ok ..." or "not ok ...", and the sum.

const checks = [];

export const check = (sentence, run) => checks.push([sentence, run]);

export async function runChecks() {
  let passed = 0;
  let failed = 0;
  for (const [sentence, run] of checks) {
    try {
      await run();
      passed += 1;
      console.log(`ok ${sentence}`);
    } catch (error) {
      failed += 1;
      console.log(`not ok ${sentence}\n# ${String(error.stack ?? error).replaceAll('\n', '\n# ')}`);
    }
  }
  console.log(`${passed} passed, ${failed} failed, 0 skipped`);
  process.exitCode = failed === 0 ? 0 : 1;
}
