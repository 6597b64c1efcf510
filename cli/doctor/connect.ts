/** The way to a cluster: a kubeconfig in, a client that only reads out. */
import * as fs from "node:fs";
import * as http from "node:http";
import * as https from "node:https";
import { homedir } from "node:os";
import * as path from "node:path";
import type { KubeConfig } from "@kubernetes/client-node";
import { UsageError } from "../arguments.ts";
import type { DoctorArguments } from "./arguments.ts";
import { waitFor } from "./patience.ts";

/** What a server answered. */
export type Answer = { readonly status: number; readonly text: string };

/** Reads from one cluster. */
export type Client = {
  /** What the kubeconfig calls it, for messages. */
  readonly context: string;
  /** Address of kube-apiserver. */
  readonly server: string;
  /**
   * Whatever is answered to a GET.
   *
   * @param seconds to wait for the answer; default 5
   * @throws NoAnswer when nothing is within that time, Error when the run's time is up before or nothing is reached
   */
  readonly get: (path: string, seconds?: number) => Promise<Answer>;
  readonly close: () => void;
};

/** Connections to kube-apiserver at once. */
const mostConnections = 200;

/**
 * Makes a client of the cluster that a kubeconfig's context names, and asks once whether it answers.
 *
 * @param until aborts when the run's time is up
 * @throws UsageError with the remedy when the kubeconfig, the context, the server or the credentials are no good
 */
export async function connectTo(
  args: Pick<DoctorArguments, "kubeconfig" | "context">,
  until: AbortSignal,
): Promise<Client> {
  const config = await loadKubeconfig(args.kubeconfig);
  const context = chooseContext(config, args.context);
  const client = await clientOf(config, context, until);
  await greet(client);
  return client;
}

async function loadKubeconfig(given: string | undefined): Promise<KubeConfig> {
  const named = given ?? process.env.KUBECONFIG ?? "";
  const files = given === undefined ? named.split(path.delimiter).filter(Boolean) : [given];
  if (files.length === 0) files.push(path.join(homedir(), ".kube", "config"));
  // The client is loaded for this command alone: it is larger than all the rest.
  const { KubeConfig } = await import("@kubernetes/client-node");
  const config = new KubeConfig();
  for (const [index, file] of files.entries()) {
    if (!fs.existsSync(file)) {
      throw new UsageError(
        `there is no kubeconfig ${file}: give one with --kubeconfig FILE, or set KUBECONFIG`,
      );
    }
    try {
      const one = new KubeConfig();
      one.loadFromFile(file);
      if (index === 0) config.loadFromFile(file);
      else config.mergeConfig(one, true);
    } catch (error) {
      throw new UsageError(
        `${file} is no kubeconfig that can be read (${reasonOf(error)}): give another with --kubeconfig FILE`,
      );
    }
  }
  return config;
}

function chooseContext(config: KubeConfig, wanted: string | undefined): string {
  const names = config.getContexts().map(({ name }) => name);
  const name = wanted ?? config.getCurrentContext();
  if (name === undefined || name === "") {
    throw new UsageError(
      `the kubeconfig has no current context: give --context, one of ${names.join(", ") || "none"}`,
    );
  }
  if (!names.includes(name)) {
    throw new UsageError(
      `--context: the kubeconfig has no context ${JSON.stringify(name)}; it has ${names.join(", ") || "none"}`,
    );
  }
  config.setCurrentContext(name);
  for (const [kind, found] of [
    ["cluster", config.getCurrentCluster()],
    ["user", config.getCurrentUser()],
  ] as const) {
    if (found === null) {
      throw new UsageError(
        `context ${name} names a ${kind} that the kubeconfig does not have: mend it, or give another --context`,
      );
    }
  }
  return name;
}

async function clientOf(config: KubeConfig, context: string, until: AbortSignal): Promise<Client> {
  const server = config.getCurrentCluster()?.server ?? "";
  const base = serverUrl(server, context);
  const options: https.RequestOptions = {};
  try {
    await config.applyToHTTPSOptions(options);
  } catch (error) {
    throw new UsageError(
      `the credentials of context ${context} cannot be had (${reasonOf(error)}): log in anew, or give another --context`,
    );
  }
  const { agent } = options;
  if (agent instanceof http.Agent) {
    // A connection for each of a thousand nodes would take longer than their answers.
    Object.assign(agent, { keepAlive: true, maxSockets: mostConnections });
  }
  const { request } = base.protocol === "http:" ? http : https;
  const prefix = base.pathname.replace(/\/+$/, "");
  return {
    context,
    server: base.origin,
    close: () => agent instanceof http.Agent && agent.destroy(),
    get: (target, seconds) =>
      new Promise((resolve, reject) => {
        const wait = waitFor(until, seconds);
        const fail = (error: Error) => {
          wait.end();
          reject(wait.signal.aborted ? wait.why() : error);
        };
        const sent = request(
          {
            ...options,
            host: base.hostname.replace(/^\[|\]$/g, ""),
            port: base.port === "" ? undefined : base.port,
            path: `${prefix}${target}`,
            method: "GET",
            headers: { ...options.headers, Accept: "application/json" },
            signal: wait.signal,
          },
          (response) => {
            let text = "";
            response.setEncoding("utf8").on("data", (part: string) => {
              text += part;
            });
            response.on("error", fail);
            response.on("end", () => {
              wait.end();
              resolve({ status: response.statusCode ?? 0, text });
            });
          },
        );
        sent.on("error", fail);
        sent.end();
      }),
  };
}

function serverUrl(server: string, context: string): URL {
  try {
    return new URL(server);
  } catch {
    throw new UsageError(
      `the cluster of context ${context} has the server ${JSON.stringify(server)}, which is no URL: mend the kubeconfig`,
    );
  }
}

/** Asks for the version, which everyone may know whom kube-apiserver knows. */
async function greet({ get, server, context }: Client): Promise<void> {
  const answer = await get("/version").catch((error: unknown) => {
    throw new UsageError(
      `${server} does not answer (${reasonOf(error)}): see whether the cluster runs and context ${context} is the right one (--context)`,
    );
  });
  if (answer.status === 401) {
    throw new UsageError(
      `${server} does not know the credentials of context ${context} (401 Unauthorized): log in anew, or give another --context`,
    );
  }
}

/** The first line of an error, for people. */
export function reasonOf(error: unknown): string {
  const text = error instanceof Error ? error.message || error.name : String(error);
  return text.split("\n")[0] ?? "";
}
