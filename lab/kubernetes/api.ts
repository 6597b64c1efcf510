/**
 * A client of kube-apiserver for a process in the lab's network namespace.
 */

import * as https from "node:https";
import { text as textOf } from "node:stream/consumers";
import { parse } from "yaml";

export type ApiAnswer = {
  readonly status: number;
  /** Parsed when it is JSON. */
  readonly body: unknown;
  readonly text: string;
};

/** Sends a request and resolves with whatever is answered; rejects when nothing is. */
export type Api = (
  method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE",
  path: string,
  body?: unknown,
) => Promise<ApiAnswer>;

/** Who calls, and what the server must prove. */
export type Connection = {
  /** IP address to connect to. */
  readonly host: string;
  readonly port: number;
  /** PEM. */
  readonly ca: string;
  /** PEM. */
  readonly cert?: string;
  /** PEM. */
  readonly key?: string;
  /** Bearer token, instead of a client certificate. */
  readonly token?: string;
};

/** A client that keeps its connections and verifies the server. */
export function apiClient(connection: Connection): Api {
  const { host, port, ca, cert, key, token } = connection;
  const agent = new https.Agent({ keepAlive: true, maxSockets: 16, ca, cert, key });
  return (method, path, body) =>
    new Promise((resolve, reject) => {
      const content = body === undefined ? undefined : JSON.stringify(body);
      const request = https.request({
        host,
        port,
        path,
        method,
        agent,
        timeout: 60_000,
        headers: {
          Accept: "application/json",
          ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
          ...(content === undefined ? {} : { "Content-Type": contentType(method) }),
        },
      });
      request.on("error", reject);
      request.on("timeout", () => request.destroy(new Error("no answer within 60 s")));
      request.on("response", (response) => {
        const status = response.statusCode ?? 0;
        textOf(response).then((text) => resolve({ status, text, body: parseJson(text) }), reject);
      });
      request.end(content);
    });
}

/** What a kubeconfig with embedded credentials says of its current context. */
export function readKubeconfig(text: string): Connection & { readonly server: URL } {
  const config = parse(text) as Kubeconfig;
  const context = config.contexts.find(({ name }) => name === config["current-context"])?.context;
  const cluster = config.clusters.find(({ name }) => name === context?.cluster)?.cluster;
  const user = config.users.find(({ name }) => name === context?.user)?.user;
  const server = new URL(cluster?.server ?? "https://localhost:6443");
  const decode = (data: string | undefined) => Buffer.from(data ?? "", "base64").toString("utf8");
  return {
    server,
    host: server.hostname.replace(/^\[|\]$/g, ""),
    port: Number(server.port || 443),
    ca: decode(cluster?.["certificate-authority-data"]),
    cert: decode(user?.["client-certificate-data"]),
    key: decode(user?.["client-key-data"]),
  };
}

type Kubeconfig = {
  readonly "current-context": string;
  readonly contexts: readonly { name: string; context: { cluster: string; user: string } }[];
  readonly clusters: readonly {
    name: string;
    cluster: { server: string; "certificate-authority-data"?: string };
  }[];
  readonly users: readonly {
    name: string;
    user: { "client-certificate-data"?: string; "client-key-data"?: string };
  }[];
};

function contentType(method: string): string {
  return method === "PATCH" ? "application/merge-patch+json" : "application/json";
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
