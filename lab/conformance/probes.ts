/**
 * Requests that kube-apiserver passes on to a kubelet, one for each kind that can differ.
 */

import * as https from "node:https";
import type { Duplex } from "node:stream";
import { text as textOf } from "node:stream/consumers";
import type { RequestKind } from "../../trust/words/verdict.ts";
import type { Reality } from "./case.ts";
import type { Issued } from "./pki.ts";

/** The kinds that are asked; `exec`, `attach` and `portForward` are made of the two upgrades. */
export const probedKinds = [
  "logs",
  "execWebSocket",
  "execSpdy",
  "metrics",
  "stats",
  "pods",
  "healthz",
  "configz",
] as const satisfies readonly RequestKind[];
export type ProbedKind = (typeof probedKinds)[number];

/** Whom to ask about which node. */
export type Target = {
  readonly host: string;
  readonly port: number;
  readonly ca: string;
  readonly admin: Issued;
  readonly node: string;
  readonly pod: string;
};

/** The container of the lab's pods. */
export const container = "hello";

/** Asks, and says how it was answered. */
export function probe(target: Target, kind: ProbedKind): Promise<Reality> {
  const { method, path, headers } = requestOf(target, kind);
  return new Promise((resolve, reject) => {
    const request = https.request({
      host: target.host,
      port: target.port,
      method,
      path,
      headers,
      ca: target.ca,
      cert: target.admin.certPem,
      key: target.admin.keyPem,
      agent: false,
      timeout: 30_000,
    });
    request.on("timeout", () => request.destroy(new Error(`${kind}: no answer within 30 s`)));
    request.on("error", reject);
    request.on("upgrade", (_response, socket, head) => {
      if (kind === "execWebSocket") {
        resolve(toldInChannel(socket, head));
        return;
      }
      socket.destroy();
      resolve({ outcome: "works", httpStatus: 101, message: "" });
    });
    request.on("response", (response) => {
      textOf(response).then((text) => resolve(realityOf(response.statusCode ?? 0, text)), reject);
    });
    request.end();
  });
}

/** Channel in which the end of a command is told. Source: kubernetes `pkg/api` (v5.channel.k8s.io). */
const errorChannel = 3;

/**
 * What became of a command whose WebSocket was accepted: kube-apiserver may accept it by itself, and tell only then that
 * the kubelet refuses.
 */
function toldInChannel(socket: Duplex, head: Buffer): Promise<Reality> {
  const works: Reality = { outcome: "works", httpStatus: 101, message: "" };
  return new Promise((resolve) => {
    let received = head;
    const end = (reality: Reality) => {
      socket.destroy();
      resolve(reality);
    };
    const look = () => {
      const text = channelText(received, errorChannel);
      if (text === undefined) return;
      const { status, message = text, code } = JSON.parse(text) as StatusObject;
      end(
        status === "Success"
          ? works
          : { outcome: "fails", message, ...(code !== undefined && { httpStatus: code }) },
      );
    };
    socket.on("data", (part: Buffer) => {
      received = Buffer.concat([received, part]);
      look();
    });
    const closed = () =>
      end({ outcome: "fails", message: "the connection ended before the command did" });
    socket.on("end", closed);
    socket.on("error", closed);
    look();
  });
}

type StatusObject = {
  readonly status?: string;
  readonly message?: string;
  readonly code?: number;
};

/** The payload of the first whole frame of a channel; frames of a server are not masked (RFC 6455, 5.2). */
function channelText(frames: Buffer, channel: number): string | undefined {
  for (let at = 0; at + 2 <= frames.length; ) {
    const short = (frames[at + 1] ?? 0) & 0x7f;
    const head = short === 126 ? 4 : short === 127 ? 10 : 2;
    if (frames.length < at + head) return undefined;
    const length =
      short === 126
        ? frames.readUInt16BE(at + 2)
        : short === 127
          ? Number(frames.readBigUInt64BE(at + 2))
          : short;
    const payload = frames.subarray(at + head, at + head + length);
    if (payload.length < length) return undefined;
    if (payload[0] === channel && length > 1) return payload.subarray(1).toString("utf8");
    at += head + length;
  }
  return undefined;
}

function realityOf(status: number, text: string): Reality {
  return status < 400
    ? { outcome: "works", httpStatus: status, message: text.trim().slice(0, 60) }
    : { outcome: "fails", httpStatus: status, message: messageOf(text) };
}

/** The message of a Status object; the text itself when the kubelet's answer was passed on. */
function messageOf(text: string): string {
  try {
    const status = JSON.parse(text) as { kind?: string; message?: string };
    if (status.kind === "Status" && status.message !== undefined) return status.message;
  } catch {
    // It is plain text.
  }
  return text.trim();
}

function requestOf({ node, pod }: Target, kind: ProbedKind) {
  const podPath = `/api/v1/namespaces/default/pods/${pod}`;
  const nodePath = `/api/v1/nodes/${node}/proxy`;
  const exec = `${podPath}/exec?command=hostname&container=${container}&stdout=1&stderr=1`;
  const get = (path: string) => ({ method: "GET", path, headers: {} });
  switch (kind) {
    case "logs":
      return get(`${podPath}/log?container=${container}`);
    case "execWebSocket":
      return {
        ...get(exec),
        headers: {
          Connection: "Upgrade",
          Upgrade: "websocket",
          "Sec-WebSocket-Key": "a3ViZWxldC10cnVzdC1sYWI=",
          "Sec-WebSocket-Version": "13",
          "Sec-WebSocket-Protocol": "v5.channel.k8s.io",
        },
      };
    case "execSpdy":
      return {
        method: "POST",
        path: exec,
        headers: {
          Connection: "Upgrade",
          Upgrade: "SPDY/3.1",
          "X-Stream-Protocol-Version": "v4.channel.k8s.io",
        },
      };
    case "stats":
      return get(`${nodePath}/stats/summary?only_cpu_and_memory=true`);
    case "metrics":
    case "pods":
    case "healthz":
    case "configz":
      return get(`${nodePath}/${kind}`);
  }
}
