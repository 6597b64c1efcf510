/**
 * Requests without a pause while a cluster's CAs rotate: what users do, as often as the machine bears it, and a watch
 * whose every event has to come.
 */
import * as https from "node:https";
import { setTimeout as sleep } from "node:timers/promises";
import { type Api, apiClient, type Connection } from "../kubernetes/api.ts";
import { greeting } from "../kubernetes/hello.ts";
import { execIn } from "./exec.ts";

export const kinds = ["logs", "exec", "metrics", "watch"] as const;
export type Kind = (typeof kinds)[number];

/** How many of a kind there were. */
export type Count = {
  sent: number;
  /** Answered by nothing, since a program was being started again, and answered when asked once more. */
  repeated: number;
  /** Answered wrongly, or by nothing for {@link patience}. */
  failed: number;
};

/**
 * Milliseconds from one request of a kind to one node to the next, more where an answer takes longer; the watch: between
 * two changes.
 */
const every: Readonly<Record<Kind, number>> = { logs: 100, exec: 100, metrics: 100, watch: 250 };

/** Milliseconds for which a request is repeated that met a program on its way up. */
const patience = 30_000;

export type Load = {
  /** Takes the counts since the last time. */
  takeCounts(): Record<Kind, Count>;
  /** What the failed requests said: each text once. */
  readonly failures: ReadonlySet<string>;
  /** From now on as somebody else: an administrator whose kubeconfig was made anew. */
  connectAs(connection: Connection): void;
  stop(): Promise<void>;
};

/** A node, and the pod on it. */
export type Target = { readonly node: string; readonly pod: string };

/** Starts the requests; each goes to one of the control planes `hosts` that is ready, as behind a load balancer. */
export function startLoad(
  connection: Connection,
  hosts: readonly string[],
  targets: readonly Target[],
): Load {
  let counts = noCounts();
  const failures = new Set<string>();
  let clients = hosts.map((host) => clientOf({ ...connection, host }));
  const isReady = new Set(hosts);
  let stopped = false;
  let turn = 0;

  const request = async (kind: Kind, ask: (client: Client) => Promise<Outcome>) => {
    counts[kind].sent += 1;
    let wasRepeated = false;
    turn += 1;
    // Once more is always at another control plane.
    for (let at = turn, end = Date.now() + patience; ; at += 1) {
      const ready = clients.filter(({ connection: { host } }) => isReady.has(host));
      const choice = ready.length > 0 ? ready : clients;
      const client = choice[at % choice.length];
      if (client === undefined) throw new Error("there is no control plane");
      const outcome = await ask(client).catch((error: Error): Outcome => error.message);
      if (outcome === true) break;
      if (!isRestart(outcome) || Date.now() > end) {
        counts[kind].failed += 1;
        failures.add(`${kind}: ${outcome.slice(0, 300)}`);
        break;
      }
      wasRepeated = true;
      await sleep(100);
    }
    if (wasRepeated) counts[kind].repeated += 1;
  };
  const loop = async (kind: Kind, ask: (client: Client) => Promise<Outcome>) => {
    while (!stopped) {
      const next = Date.now() + every[kind];
      await request(kind, ask);
      await sleep(Math.max(0, next - Date.now()));
    }
  };
  const loops = targets.flatMap(({ node, pod }) => [
    loop("logs", ({ api }) =>
      answers(api, `/api/v1/namespaces/default/pods/${pod}/log`, `${greeting(node)}\n`),
    ),
    loop("metrics", ({ api }) => answers(api, `/api/v1/nodes/${node}/proxy/metrics`, "# HELP ")),
    loop("exec", ({ connection: to, agent }) => execIn(to, agent, pod, "hostname")),
  ]);
  loops.push(
    watchReadiness(
      () => clients,
      isReady,
      () => stopped,
    ),
    watchChanges(
      request,
      () => clients,
      every.watch,
      () => stopped,
    ),
  );

  return {
    takeCounts: () => {
      const taken = counts;
      counts = noCounts();
      return taken;
    },
    failures,
    connectAs: (to) => {
      clients = hosts.map((host) => clientOf({ ...to, host }));
    },
    stop: async () => {
      stopped = true;
      await Promise.all(loops);
    },
  };
}

/** Looks as a load balancer does who may be asked: one that is starting knows no roles yet, and refuses everybody. */
async function watchReadiness(
  clients: () => readonly Client[],
  isReady: Set<string>,
  isStopped: () => boolean,
): Promise<void> {
  while (!isStopped()) {
    await Promise.all(
      clients().map(async ({ api, connection: { host } }) => {
        const answer = await api("GET", "/readyz").catch(() => undefined);
        if (answer?.status === 200) isReady.add(host);
        else isReady.delete(host);
      }),
    );
    await sleep(200);
  }
}

type Client = { readonly api: Api; readonly agent: https.Agent; readonly connection: Connection };

/** True, or why not. */
type Outcome = true | string;

function clientOf(connection: Connection): Client {
  const { ca, cert, key } = connection;
  const agent = new https.Agent({ keepAlive: false, ca, cert, key });
  return { api: apiClient(connection), agent, connection };
}

async function answers(api: Api, path: string, begin: string): Promise<Outcome> {
  const { status, text } = await api("GET", path);
  return status === 200 && text.startsWith(begin) ? true : `${status} ${text}`;
}

/** What Go and Node say when nobody listens, when somebody ends in the middle, and what Kubernetes says meanwhile. */
const ofRestarts = [
  /ECONNREFUSED|ECONNRESET|EPIPE|socket hang up|connection re(fused|set)|broken pipe|\bEOF\b|^aborted$/,
  /etcdserver: |is not ready|shutting down|http2: |storage is \(re\)initializing/,
  /context (canceled|deadline exceeded)|ServiceUnavailable/,
  // A connection on which a certificate was read anew: client-go closes it, whatever is under way.
  /use of closed network connection/,
  // A kubelet that has just been started, and does not know its pods yet; a log that ends with the kubelet.
  /could not find the requested resource \( pods\/log|pod does not exist|^200 $/,
  // A kubelet that cannot ask kube-apiserver who may do what.
  /Authorization error \(user=/,
  // A kubelet in mode bootstrap that has requested its certificate and not got it yet.
  /remote error: tls: internal error/,
];

/**
 * Whether a request met a program that is being started again, and may be repeated. What speaks of trust or of
 * credentials is none of this.
 */
export function isRestart(outcome: string): boolean {
  if (/x509|Unauthorized|Forbidden|credentials/i.test(outcome)) return false;
  return ofRestarts.some((pattern) => pattern.test(outcome));
}

const changing = "/api/v1/namespaces/default/configmaps";

/**
 * Changes an object again and again, and has a watch report each change: one that does not come is a failed request. A
 * watch that ends goes on from where it was.
 */
async function watchChanges(
  request: (kind: Kind, ask: (client: Client) => Promise<Outcome>) => Promise<void>,
  clients: () => readonly Client[],
  pause: number,
  isStopped: () => boolean,
): Promise<void> {
  const name = "kubelet-trust-lab-rotation";
  const seen = new Set<string>();
  let from = "";
  let end: () => void = () => {};
  const watching = (async () => {
    for (let turn = 0; !isStopped(); turn += 1) {
      const client = clients()[turn % clients().length];
      if (client === undefined) return;
      await watchOnce(
        client,
        name,
        from,
        (change, version) => {
          seen.add(change);
          from = version;
        },
        (stop) => {
          end = stop;
        },
      );
      await sleep(50);
    }
  })();
  for (let change = 0; !isStopped(); change += 1) {
    const next = Date.now() + pause;
    await request("watch", async ({ api }) => {
      const object = {
        apiVersion: "v1",
        kind: "ConfigMap",
        metadata: { name },
        data: { change: String(change) },
      };
      const patched = await api("PATCH", `${changing}/${name}`, object);
      const made = patched.status === 404 ? await api("POST", changing, object) : patched;
      if (made.status >= 300) return `${made.status} ${made.text}`;
      for (const last = Date.now() + patience; Date.now() < last; await sleep(10)) {
        if (seen.has(String(change))) return true;
      }
      return `change ${change} was not reported by the watch`;
    });
    seen.delete(String(change));
    await sleep(Math.max(0, next - Date.now()));
  }
  end();
  await watching;
}

/** One watch, until it ends for whatever reason. */
function watchOnce(
  { agent, connection }: Client,
  name: string,
  from: string,
  onChange: (change: string, version: string) => void,
  canEnd: (end: () => void) => void,
): Promise<void> {
  const { host, port } = connection;
  const after = from === "" ? "" : `&resourceVersion=${from}`;
  return new Promise((resolve) => {
    const request = https.get(
      {
        ...{ host, port, agent },
        path: `${changing}?watch=1&fieldSelector=metadata.name%3D${name}${after}`,
      },
      (response) => {
        let rest = "";
        response.setEncoding("utf8").on("data", (part: string) => {
          const lines = (rest + part).split("\n");
          rest = lines.pop() ?? "";
          for (const line of lines) {
            const { type, object } = JSON.parse(line) as WatchEvent;
            if (type === "ERROR" || object.metadata?.resourceVersion === undefined) {
              // Too old to go on from: begin anew with what there is.
              onChange("", "");
            } else {
              onChange(object.data?.change ?? "", object.metadata.resourceVersion);
            }
          }
        });
        response.on("close", resolve);
        response.on("error", () => {});
      },
    );
    canEnd(() => request.destroy());
    request.on("error", () => resolve());
  });
}

type WatchEvent = {
  readonly type: string;
  readonly object: {
    readonly metadata?: { readonly resourceVersion?: string };
    readonly data?: { readonly change?: string };
  };
};

function noCounts(): Record<Kind, Count> {
  const none = (): Count => ({ sent: 0, repeated: 0, failed: 0 });
  return { logs: none(), exec: none(), metrics: none(), watch: none() };
}
