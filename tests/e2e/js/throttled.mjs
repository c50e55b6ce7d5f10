// throttled - a StartExecution that is refused until there is room: node throttled.mjs URL MACHINE.
// Prints how many attempts the SDK made by itself.

import { SFNClient, StartExecutionCommand } from '@aws-sdk/client-sfn';

const [endpoint, stateMachineArn] = process.argv.slice(2);
const client = new SFNClient({
  endpoint,
  region: 'us-east-1',
  credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  maxAttempts: 30,
});
const answer = await client.send(new StartExecutionCommand({ stateMachineArn, name: 'by-sdk' }));
console.log(answer.$metadata.attempts);
