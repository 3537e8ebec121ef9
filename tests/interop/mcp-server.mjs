// An MCP server on standard input and output with one tool, for `mcp-pin manifest sign` to capture.

import { createInterface } from 'node:readline';

const TOOL = {
  name: 'get_forecast',
  description: 'Forecast for a city.',
  inputSchema: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
};

const ANSWERS = {
  initialize: ({ protocolVersion }) => ({
    protocolVersion, capabilities: { tools: {} }, serverInfo: { name: 'weather', version: '1.4.2' },
  }),
  'tools/list': () => ({ tools: [TOOL] }),
  ping: () => ({}),
};

for await (const line of createInterface({ input: process.stdin })) {
  const { id, method, params } = JSON.parse(line);
  if (id === undefined) continue; // a notification
  const answer = ANSWERS[method];
  const body = answer ? { result: answer(params) } : { error: { code: -32601, message: `no method ${method}` } };
  console.log(JSON.stringify({ jsonrpc: '2.0', id, ...body }));
}
