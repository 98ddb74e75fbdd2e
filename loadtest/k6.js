// What `python -m loadtest k6 SCENARIO` has k6 do: the calls of WORK by reflection, counted by kind and status into REPORT.
import { Client, StatusOK } from 'k6/net/grpc';
import { Counter, Trend } from 'k6/metrics';
import exec from 'k6/execution';
import { SharedArray } from 'k6/data';

const work = JSON.parse(open(__ENV.WORK));
const calls = new SharedArray('calls', () => JSON.parse(open(__ENV.WORK)).calls);
const kinds = [...new Set(work.calls.map((call) => call.kind))];
const weights = work.calls.map((call) => call.weight);
const sum = weights.reduce((a, b) => a + b, 0);
work.calls = undefined;

const STATUSES = [...Array(17).keys()];
const counters = {};
for (const kind of kinds) for (const status of STATUSES) counters[`${kind}/${status}`] = new Counter(`${kind.replace('-', '_')}_status_${status}`);
const took = new Trend('took_millis', true);

// A client of k6 is a connection, and reads the whole contract by reflection when it connects: few of them, with several
// calls at a time each.
const together = work.rates.length ? 1 : Math.ceil(work.in_flight / work.connections);
const shape = work.rates.length
  ? {
      executor: 'ramping-arrival-rate', timeUnit: '1s', startRate: work.rates[0][1], preAllocatedVUs: 16, maxVUs: 32,
      stages: work.rates.slice(1).map(([at, rate], n) => ({ target: rate, duration: `${Math.max(at - work.rates[n][0], 0.1)}s` })),
    }
  : work.once
    ? {
        executor: 'shared-iterations', vus: work.connections, iterations: Math.ceil(weights.length / together),
        maxDuration: `${work.seconds + 60}s`,
      }
    : { executor: 'constant-vus', vus: work.connections, duration: `${work.seconds}s` };

export const options = {
  scenarios: { load: { ...shape, gracefulStop: '30s' } },
  summaryTrendStats: ['med', 'p(99)'],
};

const client = new Client();
const metadata = { authorization: `Bearer ${work.token}` };
let connected = false;

function next(number) {
  if (!work.mixed) return work.once ? calls[number] : calls[number % calls.length];
  let place = Math.random() * sum;
  for (let n = 0; n < weights.length; n++) {
    place -= weights[n];
    if (place < 0) return calls[n];
  }
  return calls[calls.length - 1];
}

async function make(call) {
  const began = Date.now();
  const answer = await client.asyncInvoke(call.method, call.json, { metadata, timeout: '20s' });
  if (answer.status === StatusOK) took.add(Date.now() - began);
  counters[`${call.kind}/${Number(answer.status)}`].add(1);
}

export default async function () {
  if (!connected) {
    client.connect(work.address, { plaintext: true, reflect: true, reflectMetadata: metadata, timeout: '20s' });
    connected = true;
  }
  const first = exec.scenario.iterationInTest * together;
  const chosen = [...Array(together).keys()].map((n) => next(first + n)).filter((call) => call !== undefined);
  await Promise.all(chosen.map(make));
}

export function handleSummary(data) {
  const statuses = {};
  for (const kind of kinds) {
    statuses[kind] = {};
    for (const status of STATUSES) {
      const metric = data.metrics[`${kind.replace('-', '_')}_status_${status}`];
      if (metric && metric.values.count) statuses[kind][status] = metric.values.count;
    }
  }
  const trend = data.metrics.took_millis ? data.metrics.took_millis.values : {};
  const report = { statuses, seconds: data.state.testRunDurationMs / 1000, p50_millis: trend.med, p99_millis: trend['p(99)'] };
  return { [__ENV.REPORT]: JSON.stringify(report) };
}
