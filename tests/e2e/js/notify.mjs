// notify - the AWS SDK for JavaScript against the SNS of a running pawld: node notify.mjs URL.

import assert from 'node:assert/strict';
import {
  SNSClient, CreateTopicCommand, DeleteTopicCommand, GetTopicAttributesCommand, ListTagsForResourceCommand,
  PublishCommand, PublishBatchCommand, SetTopicAttributesCommand, SubscribeCommand, TagResourceCommand,
  GetSubscriptionAttributesCommand, SetSubscriptionAttributesCommand, UnsubscribeCommand, UntagResourceCommand,
  NotFoundException, InvalidParameterException, EmptyBatchRequestException, ResourceNotFoundException,
  paginateListTopics, paginateListSubscriptionsByTopic,
} from '@aws-sdk/client-sns';
import {
  SQSClient, CreateQueueCommand, ReceiveMessageCommand,
} from '@aws-sdk/client-sqs';
import { check, runChecks } from './checks.mjs';

const settings = {
  endpoint: process.argv[2],
  region: 'us-east-1',
  credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  maxAttempts: 1,
};
const client = new SNSClient(settings);
const queues = new SQSClient(settings);
const send = (command) => client.send(command);
const create = async (name, more) => (await send(
  new CreateTopicCommand({ Name: `js-${name}`, ...more }),
)).TopicArn;
const queue = async (name) => (await queues.send(
  new CreateQueueCommand({ QueueName: `js-${name}` }),
)).QueueUrl;
const arnOf = (url) => `arn:aws:sqs:us-east-1:123456789012:${url.split('/').pop()}`;
const receive = async (QueueUrl) => (await queues.send(
  new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, MessageAttributeNames: ['All'] }),
)).Messages ?? [];

check('a message goes to a queue in its envelope, or raw with its attributes', async () => {
  const [TopicArn, plain, raw] = [await create('fan'), await queue('plain'), await queue('raw')];
  for (const [url, RawMessageDelivery] of [[plain, 'false'], [raw, 'true']]) {
    await send(new SubscribeCommand({
      TopicArn, Protocol: 'sqs', Endpoint: arnOf(url), Attributes: { RawMessageDelivery },
    }));
  }
  const MessageAttributes = {
    kind: { DataType: 'String', StringValue: 'grün' },
    bytes: { DataType: 'Binary', BinaryValue: Uint8Array.from([0, 1, 254]) },
  };
  const { MessageId } = await send(new PublishCommand({
    TopicArn, Message: 'a < b & "c" \u{1F600}', Subject: 'Über', MessageAttributes,
  }));
  const envelope = JSON.parse((await receive(plain))[0].Body);
  assert.equal(envelope.MessageId, MessageId);
  assert.equal(envelope.Message, 'a < b & "c" \u{1F600}');
  assert.equal(envelope.Subject, 'Über');
  assert.deepEqual(envelope.MessageAttributes.bytes, { Type: 'Binary', Value: 'AAH+' });
  const [bare] = await receive(raw);
  assert.equal(bare.Body, envelope.Message);
  assert.deepEqual(bare.MessageAttributes.kind, MessageAttributes.kind);
});

check('a batch is published, each entry with its own outcome', async () => {
  const TopicArn = await create('batch');
  const answer = await send(new PublishBatchCommand({
    TopicArn,
    PublishBatchRequestEntries: [
      { Id: 'a', Message: 'one' }, { Id: 'b', Message: 'two', Subject: ' x' }, { Id: 'c', Message: 'three' },
    ],
  }));
  assert.deepEqual(answer.Successful.map((e) => e.Id), ['a', 'c']);
  assert.equal(answer.Failed[0].Code, 'InvalidParameter');
});

check('topics have attributes and tags, and are listed by the paginator', async () => {
  const TopicArn = await create('described', { Tags: [{ Key: 'team', Value: 'ledger' }] });
  await send(new SetTopicAttributesCommand({ TopicArn, AttributeName: 'DisplayName', AttributeValue: 'Shop' }));
  const { Attributes } = await send(new GetTopicAttributesCommand({ TopicArn }));
  assert.equal(Attributes.DisplayName, 'Shop');
  assert.equal(Attributes.TopicArn, TopicArn);
  await send(new TagResourceCommand({ ResourceArn: TopicArn, Tags: [{ Key: 'zone', Value: 'b' }] }));
  await send(new UntagResourceCommand({ ResourceArn: TopicArn, TagKeys: ['team'] }));
  const { Tags } = await send(new ListTagsForResourceCommand({ ResourceArn: TopicArn }));
  assert.deepEqual(Tags, [{ Key: 'zone', Value: 'b' }]);
  const arns = [];
  for await (const page of paginateListTopics({ client }, {})) arns.push(...page.Topics.map((t) => t.TopicArn));
  assert.ok(arns.includes(TopicArn));
  await send(new DeleteTopicCommand({ TopicArn }));
  await assert.rejects(send(new GetTopicAttributesCommand({ TopicArn })), NotFoundException);
});

check('subscriptions have attributes, are listed, and end', async () => {
  const [TopicArn, url] = [await create('subscribed'), await queue('subscriber')];
  const { SubscriptionArn } = await send(new SubscribeCommand({
    TopicArn, Protocol: 'sqs', Endpoint: arnOf(url), Attributes: { FilterPolicy: '{"a": ["x"]}' },
  }));
  await send(new SetSubscriptionAttributesCommand({
    SubscriptionArn, AttributeName: 'FilterPolicy', AttributeValue: '{"a": [{"prefix": "y"}]}',
  }));
  const { Attributes } = await send(new GetSubscriptionAttributesCommand({ SubscriptionArn }));
  assert.deepEqual(JSON.parse(Attributes.FilterPolicy), { a: [{ prefix: 'y' }] });
  assert.equal(Attributes.PendingConfirmation, 'false');
  const found = [];
  const pages = paginateListSubscriptionsByTopic({ client }, { TopicArn });
  for await (const page of pages) found.push(...page.Subscriptions);
  assert.deepEqual(found.map((s) => s.SubscriptionArn), [SubscriptionArn]);
  await send(new UnsubscribeCommand({ SubscriptionArn }));
  await assert.rejects(send(new GetSubscriptionAttributesCommand({ SubscriptionArn })), NotFoundException);
});

check('a FIFO topic gives sequence numbers and knows duplicates', async () => {
  const TopicArn = await create('order.fifo', {
    Attributes: { FifoTopic: 'true', ContentBasedDeduplication: 'true' },
  });
  const command = new PublishCommand({ TopicArn, Message: 'once', MessageGroupId: 'g' });
  const [first, second] = [await send(command), await send(command)];
  assert.ok(first.SequenceNumber);
  assert.equal(first.MessageId, second.MessageId);
});

check('errors arrive as the exceptions of the SDK', async () => {
  const TopicArn = await create('errors');
  await assert.rejects(send(new PublishCommand({ TopicArn: `${TopicArn}-gone`, Message: 'x' })), NotFoundException);
  await assert.rejects(send(new PublishCommand({ TopicArn, Message: '' })), InvalidParameterException);
  await assert.rejects(send(new PublishBatchCommand({ TopicArn, PublishBatchRequestEntries: [] })),
    EmptyBatchRequestException);
  await assert.rejects(send(new ListTagsForResourceCommand({ ResourceArn: `${TopicArn}-gone` })),
    ResourceNotFoundException);
});

await runChecks();
client.destroy();
queues.destroy();
