// queue - the AWS SDK for JavaScript against the SQS of a running pawld: node queue.mjs URL.
// The SDK computes the digests of bodies and attributes itself and throws when they differ.

import assert from 'node:assert/strict';
import {
  SQSClient, CreateQueueCommand, GetQueueUrlCommand, DeleteQueueCommand, SendMessageCommand,
  SendMessageBatchCommand, ReceiveMessageCommand, DeleteMessageCommand, DeleteMessageBatchCommand,
  ChangeMessageVisibilityCommand, GetQueueAttributesCommand, ListQueueTagsCommand, TagQueueCommand,
  PurgeQueueCommand, QueueDoesNotExist, QueueNameExists, ReceiptHandleIsInvalid,
  EmptyBatchRequest, PurgeQueueInProgress, paginateListQueues,
} from '@aws-sdk/client-sqs';
import { check, runChecks } from './checks.mjs';

const client = new SQSClient({
  endpoint: process.argv[2],
  region: 'us-east-1',
  credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  maxAttempts: 1,
});
const send = (command) => client.send(command);
const create = async (name, Attributes, tags) => (await send(
  new CreateQueueCommand({ QueueName: `js-${name}`, Attributes, tags }),
)).QueueUrl;

check('messages with attributes of all types come back as they were sent', async () => {
  const QueueUrl = await create('messages');
  const MessageAttributes = {
    text: { DataType: 'String', StringValue: 'grün \u{1F600}' },
    number: { DataType: 'Number.int', StringValue: '42' },
    bytes: { DataType: 'Binary', BinaryValue: Uint8Array.from([0, 1, 254, 255]) },
  };
  const MessageBody = JSON.stringify({ text: 'a < b & "c" \u{1F600}\n' });
  const sent = await send(new SendMessageCommand({ QueueUrl, MessageBody, MessageAttributes }));
  assert.match(sent.MessageId, /^[0-9a-f-]{36}$/);
  assert.ok(sent.MD5OfMessageAttributes);
  const { Messages } = await send(new ReceiveMessageCommand({
    QueueUrl, MessageAttributeNames: ['All'], MessageSystemAttributeNames: ['All'], WaitTimeSeconds: 5,
  }));
  assert.equal(Messages[0].Body, MessageBody);
  assert.deepEqual(Messages[0].MessageAttributes, MessageAttributes);
  assert.equal(Messages[0].Attributes.ApproximateReceiveCount, '1');
  const { ReceiptHandle } = Messages[0];
  await send(new ChangeMessageVisibilityCommand({ QueueUrl, ReceiptHandle, VisibilityTimeout: 90 }));
  await send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
  const again = await send(new ReceiveMessageCommand({ QueueUrl }));
  assert.equal(again.Messages, undefined);
});

check('batches are sent, received and deleted', async () => {
  const QueueUrl = await create('batches');
  const sent = await send(new SendMessageBatchCommand({
    QueueUrl,
    Entries: [...Array(10).keys()].map((n) => ({ Id: `m${n}`, MessageBody: `body ${n}` })),
  }));
  assert.equal(sent.Successful.length, 10);
  assert.equal(sent.Failed, undefined);
  const { Messages } = await send(new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }));
  assert.deepEqual(Messages.map((m) => m.Body), [...Array(10).keys()].map((n) => `body ${n}`));
  const gone = await send(new DeleteMessageBatchCommand({
    QueueUrl,
    Entries: Messages.map(({ ReceiptHandle }, n) => ({ Id: `d${n}`, ReceiptHandle })),
  }));
  assert.equal(gone.Successful.length, 10);
});

check('a FIFO queue gives sequence numbers and knows duplicates', async () => {
  const QueueUrl = await create('order.fifo', { FifoQueue: 'true', ContentBasedDeduplication: 'true' });
  const command = new SendMessageCommand({ QueueUrl, MessageBody: 'once', MessageGroupId: 'g' });
  const [first, second] = [await send(command), await send(command)];
  assert.ok(first.SequenceNumber);
  assert.equal(first.MessageId, second.MessageId);
  const { Messages } = await send(new ReceiveMessageCommand({ QueueUrl, AttributeNames: ['All'] }));
  assert.equal(Messages[0].Attributes.SequenceNumber, first.SequenceNumber);
});

check('queues have attributes and tags, and are listed by the paginator', async () => {
  const QueueUrl = await create('described', { VisibilityTimeout: '11' }, { team: 'ledger' });
  assert.equal((await send(new GetQueueUrlCommand({ QueueName: 'js-described' }))).QueueUrl, QueueUrl);
  await send(new TagQueueCommand({ QueueUrl, Tags: { stage: 'test' } }));
  assert.deepEqual((await send(new ListQueueTagsCommand({ QueueUrl }))).Tags,
    { team: 'ledger', stage: 'test' });
  const { Attributes } = await send(new GetQueueAttributesCommand({
    QueueUrl, AttributeNames: ['All'],
  }));
  assert.equal(Attributes.VisibilityTimeout, '11');
  assert.ok(Math.abs(Attributes.CreatedTimestamp * 1000 - Date.now()) < 60000);
  const urls = [];
  const pages = paginateListQueues({ client, pageSize: 2 }, { QueueNamePrefix: 'js-' });
  for await (const page of pages) urls.push(...(page.QueueUrls ?? []));
  assert.ok(urls.includes(QueueUrl));
  await send(new PurgeQueueCommand({ QueueUrl }));
  await assert.rejects(send(new PurgeQueueCommand({ QueueUrl })), PurgeQueueInProgress);
  await send(new DeleteQueueCommand({ QueueUrl }));
  await assert.rejects(send(new DeleteQueueCommand({ QueueUrl })), QueueDoesNotExist);
});

check('errors arrive as the exceptions of the SDK', async () => {
  const QueueUrl = await create('errors', { VisibilityTimeout: '12' });
  await assert.rejects(send(new GetQueueUrlCommand({ QueueName: 'js-not-there' })), QueueDoesNotExist);
  await assert.rejects(create('errors', { VisibilityTimeout: '13' }), QueueNameExists);
  await assert.rejects(
    send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: 'nonsense' })),
    ReceiptHandleIsInvalid,
  );
  await assert.rejects(
    send(new SendMessageBatchCommand({ QueueUrl, Entries: [] })),
    EmptyBatchRequest,
  );
});

await runChecks();
client.destroy();
