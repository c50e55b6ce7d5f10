// client - the AWS SDK for JavaScript against a running pawld: node client.mjs URL.
// One line for each check: "ok ..." or "not ok ...".

import assert from 'node:assert/strict';
import {
  SFNClient, CreateStateMachineCommand, DescribeStateMachineCommand, UpdateStateMachineCommand,
  DeleteStateMachineCommand, ListStateMachinesCommand, StartExecutionCommand,
  DescribeExecutionCommand, StopExecutionCommand, ListExecutionsCommand,
  GetExecutionHistoryCommand, DescribeStateMachineForExecutionCommand, TagResourceCommand,
  UntagResourceCommand, ListTagsForResourceCommand, ValidateStateMachineDefinitionCommand,
  CreateActivityCommand, GetActivityTaskCommand, DeleteActivityCommand, SendTaskSuccessCommand,
  SendTaskFailureCommand, SendTaskHeartbeatCommand, paginateListActivities,
  paginateGetExecutionHistory, paginateListExecutions, paginateListStateMachines,
  StateMachineDoesNotExist, ExecutionDoesNotExist, ExecutionAlreadyExists, InvalidArn,
  InvalidDefinition, InvalidExecutionInput, InvalidName, InvalidToken, StateMachineAlreadyExists,
  ValidationException, ResourceNotFound, TaskTimedOut, ActivityDoesNotExist,
} from '@aws-sdk/client-sfn';
import { check, runChecks } from './checks.mjs';

const endpoint = process.argv[2];
const roleArn = 'arn:aws:iam::123456789012:role/sfn';
const absent = 'arn:aws:states:us-east-1:123456789012:stateMachine:no-such-machine';
const client = new SFNClient({
  endpoint,
  region: 'us-east-1',
  credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  maxAttempts: 1,
});

const pass = JSON.stringify({ StartAt: 'A', States: { A: { Type: 'Pass', End: true } } });
const wait = JSON.stringify({
  StartAt: 'W', States: { W: { Type: 'Wait', Seconds: 600, End: true } },
});
const chain = JSON.stringify({
  StartAt: 'S0',
  States: Object.fromEntries([...Array(30).keys()].map((n) => [
    `S${n}`, n === 29 ? { Type: 'Pass', End: true } : { Type: 'Pass', Next: `S${n + 1}` },
  ])),
});

const send = (command) => client.send(command);
const create = async (name, definition, more = {}) => (await send(
  new CreateStateMachineCommand({ name: `js-${name}`, definition, roleArn, ...more }),
)).stateMachineArn;
const start = async (stateMachineArn, more = {}) => (await send(
  new StartExecutionCommand({ stateMachineArn, ...more }),
)).executionArn;

async function ended(executionArn) {
  const deadline = Date.now() + 60000;
  for (;;) {
    const description = await send(new DescribeExecutionCommand({ executionArn }));
    if (description.status !== 'RUNNING') return description;
    if (Date.now() > deadline) throw new Error(`${executionArn} does not end`);
    await new Promise((resolve) => { setTimeout(resolve, 20); });
  }
}

check('a machine is created, described as it was given, listed and deleted', async () => {
  const stateMachineArn = await create('life', pass);
  const described = await send(new DescribeStateMachineCommand({ stateMachineArn }));
  assert.equal(described.definition, pass);
  assert.equal(described.status, 'ACTIVE');
  assert.equal(described.type, 'STANDARD');
  assert.ok(described.creationDate instanceof Date);
  assert.ok(Math.abs(described.creationDate.getTime() - Date.now()) < 60000);
  const names = [];
  for await (const page of paginateListStateMachines({ client, pageSize: 2 }, {})) {
    names.push(...page.stateMachines.map((m) => m.name));
  }
  assert.ok(names.includes('js-life'));
  await send(new DeleteStateMachineCommand({ stateMachineArn }));
  await assert.rejects(
    send(new DescribeStateMachineCommand({ stateMachineArn })),
    StateMachineDoesNotExist,
  );
});

check('an execution runs to its end and its output comes back', async () => {
  const machine = await create('run', pass);
  const input = JSON.stringify({ text: 'grün \u{1F600} "quoted"', number: 1.5, list: [1, null] });
  const executionArn = await start(machine, { input, name: 'first' });
  const end = await ended(executionArn);
  assert.equal(end.status, 'SUCCEEDED');
  assert.equal(end.name, 'first');
  assert.deepEqual(JSON.parse(end.output), JSON.parse(input));
  assert.ok(end.stopDate >= end.startDate);
  const ofExecution = await send(new DescribeStateMachineForExecutionCommand({ executionArn }));
  assert.equal(ofExecution.stateMachineArn, machine);
});

check('a history comes in pages, forwards and backwards', async () => {
  const executionArn = await start(await create('chain', chain));
  await ended(executionArn);
  const read = async (reverseOrder) => {
    const ids = [];
    let pages = 0;
    for await (const page of paginateGetExecutionHistory(
      { client, pageSize: 7 },
      { executionArn, reverseOrder },
    )) {
      pages += 1;
      assert.ok(page.events.length <= 7);
      ids.push(...page.events.map((e) => e.id));
    }
    assert.ok(pages >= 9);
    return ids;
  };
  const expected = [...Array(62).keys()].map((n) => n + 1);
  assert.deepEqual(await read(false), expected);
  assert.deepEqual(await read(true), expected.reverse());
});

check('a running execution is stopped with error and cause', async () => {
  const executionArn = await start(await create('stop', wait));
  const stopped = await send(new StopExecutionCommand({
    executionArn, error: 'Enough', cause: 'no longer needed',
  }));
  assert.ok(stopped.stopDate instanceof Date);
  const end = await ended(executionArn);
  assert.equal(end.status, 'ABORTED');
  assert.equal(end.error, 'Enough');
  assert.equal(end.cause, 'no longer needed');
  const { events } = await send(new GetExecutionHistoryCommand({ executionArn }));
  assert.equal(events.at(-1).type, 'ExecutionAborted');
  assert.equal(events.at(-1).executionAbortedEventDetails.error, 'Enough');
});

check('executions are listed newest first, by status, page by page', async () => {
  const stateMachineArn = await create('list', pass);
  const started = [];
  for (let n = 0; n < 7; n += 1) {
    started.push(await start(stateMachineArn, { name: `e${n}` }));
    await ended(started.at(-1));
  }
  const listed = [];
  for await (const page of paginateListExecutions(
    { client, pageSize: 3 },
    { stateMachineArn, statusFilter: 'SUCCEEDED' },
  )) {
    listed.push(...page.executions.map((e) => e.executionArn));
  }
  assert.deepEqual(listed, started.reverse());
  const running = await send(new ListExecutionsCommand({
    stateMachineArn, statusFilter: 'RUNNING',
  }));
  assert.deepEqual(running.executions, []);
});

check('create and start are idempotent, and say so when the second differs', async () => {
  const machine = await create('twice', wait);
  assert.equal(await create('twice', wait), machine);
  await assert.rejects(create('twice', pass), StateMachineAlreadyExists);
  const first = await start(machine, { name: 'same', input: '{"a": 1}' });
  assert.equal(await start(machine, { name: 'same', input: '{"a": 1}' }), first);
  await assert.rejects(
    start(machine, { name: 'same', input: '{"a": 2}' }),
    ExecutionAlreadyExists,
  );
  await send(new StopExecutionCommand({ executionArn: first }));
});

check('an updated machine runs its new definition', async () => {
  const stateMachineArn = await create('update', pass);
  const answer = await send(new UpdateStateMachineCommand({ stateMachineArn, definition: chain }));
  assert.ok(answer.updateDate instanceof Date);
  assert.ok(answer.revisionId);
  const described = await send(new DescribeStateMachineCommand({ stateMachineArn }));
  assert.equal(described.definition, chain);
  assert.equal(described.revisionId, answer.revisionId);
});

check('tags are set, listed and taken away', async () => {
  const resourceArn = await create('tags', pass, { tags: [{ key: 'team', value: 'blue' }] });
  await send(new TagResourceCommand({
    resourceArn, tags: [{ key: 'stage', value: 'test' }, { key: 'team', value: 'red' }],
  }));
  const read = async () => Object.fromEntries((await send(
    new ListTagsForResourceCommand({ resourceArn }),
  )).tags.map((t) => [t.key, t.value]));
  assert.deepEqual(await read(), { team: 'red', stage: 'test' });
  await send(new UntagResourceCommand({ resourceArn, tagKeys: ['team'] }));
  assert.deepEqual(await read(), { stage: 'test' });
  await assert.rejects(send(new ListTagsForResourceCommand({ resourceArn: absent })),
    ResourceNotFound);
});

check('a definition is validated without being stored', async () => {
  const good = await send(new ValidateStateMachineDefinitionCommand({ definition: pass }));
  assert.equal(good.result, 'OK');
  const bad = await send(new ValidateStateMachineDefinitionCommand({ definition: '{"StartAt": 1}' }));
  assert.equal(bad.result, 'FAIL');
  assert.ok(bad.diagnostics.length > 0);
});

check('every error arrives as its exception class', async () => {
  const machine = await create('errors', pass);
  const execution = `${machine.replace(':stateMachine:', ':execution:')}:absent`;
  const expected = [
    [new StartExecutionCommand({ stateMachineArn: absent }), StateMachineDoesNotExist],
    [new StartExecutionCommand({ stateMachineArn: 'not-an-arn' }), InvalidArn],
    [new StartExecutionCommand({ stateMachineArn: machine, input: '{' }), InvalidExecutionInput],
    [new StartExecutionCommand({ stateMachineArn: machine, name: 'a b' }), InvalidName],
    [new StartExecutionCommand({ stateMachineArn: machine, name: 'x'.repeat(81) }),
      'ValidationException'],
    [new DescribeExecutionCommand({ executionArn: execution }), ExecutionDoesNotExist],
    [new GetExecutionHistoryCommand({ executionArn: execution }), ExecutionDoesNotExist],
    [new StopExecutionCommand({ executionArn: execution }), ExecutionDoesNotExist],
    [new CreateStateMachineCommand({ name: 'js-bad', definition: '{}', roleArn }),
      InvalidDefinition],
    [new CreateStateMachineCommand({ name: 'a b', definition: pass, roleArn }), InvalidName],
    [new ListStateMachinesCommand({ nextToken: 'no such token' }), InvalidToken],
    [new ListStateMachinesCommand({ maxResults: 1001 }), 'ValidationException'],
    [new CreateStateMachineCommand({ name: 'js-null', definition: pass }), 'ValidationException'],
  ];
  for (const [command, kind] of expected) {
    const error = await send(command).then(
      () => assert.fail(`${command.constructor.name} was not refused`),
      (e) => e,
    );
    const name = typeof kind === 'string' ? kind : kind.name;
    assert.equal(error.name, name, `${command.constructor.name}: ${error.message}`);
    if (typeof kind !== 'string') assert.ok(error instanceof kind, `${error} is no ${name}`);
    assert.equal(error.$metadata.httpStatusCode, 400);
    assert.ok(error.$metadata.requestId);
    assert.ok(error.message);
  }
  assert.ok(ValidationException);
});

check('workers of an activity share the tasks of a Map, with heartbeats and a failure', async () => {
  const { activityArn } = await send(new CreateActivityCommand({ name: 'js-work' }));
  const machine = await create('work', JSON.stringify({
    StartAt: 'M',
    States: {
      M: {
        Type: 'Map',
        End: true,
        MaxConcurrency: 5,
        ItemProcessor: {
          StartAt: 'T',
          States: {
            T: {
              Type: 'Task',
              Resource: activityArn,
              HeartbeatSeconds: 30,
              Retry: [{ ErrorEquals: ['Odd'], IntervalSeconds: 1, MaxAttempts: 1 }],
              End: true,
            },
          },
        },
      },
    },
  }));
  const executionArn = await start(machine, { input: JSON.stringify([...Array(20).keys()]) });
  const refused = new Set();
  let token;
  async function worker(workerName) {
    for (;;) {
      let task;
      try {
        task = await send(new GetActivityTaskCommand({ activityArn, workerName }));
      } catch (error) {
        assert.ok(error instanceof ActivityDoesNotExist, String(error));
        return;
      }
      if (!task.taskToken) continue;
      const { taskToken } = task;
      token = taskToken;
      await send(new SendTaskHeartbeatCommand({ taskToken }));
      const n = JSON.parse(task.input);
      if (n === 7 && !refused.has(n)) {
        refused.add(n);
        await send(new SendTaskFailureCommand({ taskToken, error: 'Odd', cause: 'once' }));
      } else {
        await send(new SendTaskSuccessCommand({ taskToken, output: String(n * n) }));
      }
    }
  }
  const workers = ['one', 'two', 'three'].map(worker);
  const { status, output } = await ended(executionArn);
  assert.equal(status, 'SUCCEEDED');
  assert.deepEqual(JSON.parse(output), [...Array(20).keys()].map((n) => n * n));
  await assert.rejects(
    send(new SendTaskSuccessCommand({ taskToken: token, output: '1' })),
    TaskTimedOut,
  );
  const names = [];
  for await (const page of paginateListActivities({ client, pageSize: 1 }, {})) {
    names.push(...page.activities.map((a) => a.name));
  }
  assert.ok(names.includes('js-work'));
  await send(new DeleteActivityCommand({ activityArn }));
  await Promise.all(workers);
});

await runChecks();
client.destroy();
