// The yardstick of bench_expr: the same expressions in JSONata, on the same document.
//
//	node bench.mjs SECONDS < DOCUMENT
//
// Prints what bench_expr prints: CPU microseconds of one evaluation, and the result.

import jsonata from "jsonata";
import { readFileSync } from "node:fs";

const CONDITION = "totals.gross > 300 and (customer.address.country = 'AT' or customer.vip)";
const CASES = {
  path: "customer.address.city",
  filter: "items[quantity > 5].sku",
  template: `{"id": orderId, "to": {"name": customer.name, "city": customer.address.city},
    "first": items[0], "kind": "order", "text": "Order " & orderId & " of " & customer.name}`,
  choice: CONDITION,
  lua: CONDITION,
  "lua object": `{"id": orderId, "first": items[0],
    "cost": items[0].quantity * items[0].price + shipping.cost}`,
};
const AT_ONCE = 256;

const seconds = Number(process.argv[2] ?? 0.5);
const document = JSON.parse(readFileSync(0, "utf8"));
const cpu = () => { const used = process.cpuUsage(); return used.user + used.system; };

async function measure(text) {
  const expression = jsonata(text);
  const result = await expression.evaluate(document);
  const run = async (us) => {
    const start = cpu();
    let n = 0;
    let now;
    do {
      for (let i = 0; i < AT_ONCE; i++) await expression.evaluate(document);
      n += AT_ONCE;
      now = cpu();
    } while (now - start < us);
    return (now - start) / n;
  };
  await run(seconds * 0.3e6); // until it is compiled well
  return { us: await run(seconds * 1e6), result };
}

const out = {};
for (const [name, text] of Object.entries(CASES)) out[name] = await measure(text);
console.log(JSON.stringify(out));
