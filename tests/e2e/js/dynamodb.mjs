// dynamodb - the AWS SDK for JavaScript against the DynamoDB of a running pawld: node dynamodb.mjs URL.

import assert from 'node:assert/strict';
import {
  DynamoDBClient, CreateTableCommand, DeleteTableCommand, DescribeTableCommand, GetItemCommand, PutItemCommand,
  UpdateItemCommand, DeleteItemCommand, ScanCommand, paginateQuery, waitUntilTableExists, waitUntilTableNotExists,
  BatchGetItemCommand, BatchWriteItemCommand, TransactGetItemsCommand, TransactWriteItemsCommand,
  ConditionalCheckFailedException, ResourceInUseException, ResourceNotFoundException, TransactionCanceledException,
} from '@aws-sdk/client-dynamodb';
import { check, runChecks } from './checks.mjs';

const client = new DynamoDBClient({
  endpoint: process.argv[2],
  region: 'us-east-1',
  credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  maxAttempts: 1,
});
const send = (command) => client.send(command);
const TableName = 'js-table';
const table = {
  TableName,
  BillingMode: 'PAY_PER_REQUEST',
  KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }, { AttributeName: 'at', KeyType: 'RANGE' }],
  AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }, { AttributeName: 'at', AttributeType: 'N' }],
};
const key = (at) => ({ id: { S: 'a' }, at: { N: `${at}` } });

check('a table, its items of all types, and its end', async () => {
  await send(new CreateTableCommand(table));
  await waitUntilTableExists({ client, minDelay: 1, maxWaitTime: 60 }, { TableName });
  await assert.rejects(send(new CreateTableCommand(table)), ResourceInUseException);
  const { Table } = await send(new DescribeTableCommand({ TableName }));
  assert.ok(Table.CreationDateTime instanceof Date);
  const Item = {
    ...key(1), n: { N: '-1.5' }, b: { B: Uint8Array.from([0, 255]) }, l: { L: [{ S: 'x' }, { NULL: true }] },
    m: { M: { yes: { BOOL: true } } }, ss: { SS: ['a', 'b'] }, bs: { BS: [Uint8Array.from([1])] },
  };
  await send(new PutItemCommand({ TableName, Item }));
  assert.deepEqual((await send(new GetItemCommand({ TableName, Key: key(1) }))).Item, Item);
});

check('updates and conditions', async () => {
  const update = {
    TableName, Key: key(1), UpdateExpression: 'SET n = n + :n', ReturnValues: 'UPDATED_NEW',
    ExpressionAttributeValues: { ':n': { N: '2' } },
  };
  assert.deepEqual((await send(new UpdateItemCommand(update))).Attributes, { n: { N: '0.5' } });
  await assert.rejects(send(new PutItemCommand({
    TableName, Item: key(1), ConditionExpression: 'attribute_not_exists(id)',
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
  })), (e) => e instanceof ConditionalCheckFailedException && e.Item.n.N === '0.5');
  await send(new DeleteItemCommand({ TableName, Key: key(1) }));
  assert.equal((await send(new GetItemCommand({ TableName, Key: key(1) }))).Item, undefined);
});

check('batches and transactions', async () => {
  const RequestItems = { [TableName]: [7, 8].map((at) => ({ PutRequest: { Item: { ...key(at), b: { B: Uint8Array.from([at]) } } } })) };
  assert.deepEqual((await send(new BatchWriteItemCommand({ RequestItems }))).UnprocessedItems, {});
  const Keys = [key(7), key(8), key(9)];
  const got = await send(new BatchGetItemCommand({ RequestItems: { [TableName]: { Keys } } }));
  assert.deepEqual(got.Responses[TableName].map((i) => i.b.B[0]).sort(), [7, 8]);
  await assert.rejects(
    send(new BatchGetItemCommand({ RequestItems: { [TableName]: { Keys: [key(7), key(7)] } } })),
    { name: 'ValidationException', message: 'Provided list of item keys contains duplicates' },
  );
  const remove = (at) => ({ Delete: { TableName, Key: key(at), ConditionExpression: 'attribute_exists(id)' } });
  await assert.rejects(
    send(new TransactWriteItemsCommand({ TransactItems: [remove(7), remove(9)] })),
    (e) => e instanceof TransactionCanceledException && e.message.includes('[None, ConditionalCheckFailed]')
      && e.CancellationReasons[1].Code === 'ConditionalCheckFailed',
  );
  await send(new TransactWriteItemsCommand({ TransactItems: [remove(7), remove(8)] }));
  const TransactItems = [7, 8].map((at) => ({ Get: { TableName, Key: key(at) } }));
  const { Responses } = await send(new TransactGetItemsCommand({ TransactItems }));
  assert.deepEqual(Responses.map((r) => r.Item), [undefined, undefined]);
});

check('pages of a query, and a scan', async () => {
  for (let at = 0; at < 7; at += 1) await send(new PutItemCommand({ TableName, Item: key(at) }));
  const found = [];
  for await (const page of paginateQuery({ client, pageSize: 3 }, {
    TableName, KeyConditionExpression: 'id = :a AND #at >= :x', ExpressionAttributeNames: { '#at': 'at' },
    ExpressionAttributeValues: { ':a': { S: 'a' }, ':x': { N: '1' } },
  })) found.push(...page.Items.map((i) => i.at.N));
  assert.deepEqual(found, ['1', '2', '3', '4', '5', '6']);
  assert.equal((await send(new ScanCommand({ TableName }))).Count, 7);
  await send(new DeleteTableCommand({ TableName }));
  await waitUntilTableNotExists({ client, minDelay: 1, maxWaitTime: 60 }, { TableName });
  await assert.rejects(send(new GetItemCommand({ TableName, Key: key(1) })), ResourceNotFoundException);
});

await runChecks();
client.destroy();
