/**
 * `kubectl exec` without a kubectl: one WebSocket, and what comes through it.
 */
import { randomBytes } from "node:crypto";
import * as https from "node:https";
import type { Connection } from "../kubernetes/api.ts";

/**
 * Runs a command in a pod of the default namespace and waits for its end.
 *
 * Source: kubernetes `staging/src/k8s.io/apimachinery/pkg/util/remotecommand/constants.go` (channel 3 of
 * `v5.channel.k8s.io` has the status); RFC 6455 for the frames, which a server does not mask.
 *
 * @returns true when it printed the pod's name and succeeded, else what was answered
 */
export function execIn(
  { host, port }: Connection,
  agent: https.Agent,
  pod: string,
  command: string,
): Promise<true | string> {
  return new Promise((resolve) => {
    const request = https.request({
      ...{ host, port, agent },
      path: `/api/v1/namespaces/default/pods/${pod}/exec?command=${command}&stdout=true`,
      headers: {
        Connection: "Upgrade",
        Upgrade: "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": randomBytes(16).toString("base64"),
        "Sec-WebSocket-Protocol": "v5.channel.k8s.io",
      },
      timeout: 20_000,
    });
    request.on("timeout", () => request.destroy(new Error("socket hang up: no answer in 20 s")));
    request.on("error", (error) => resolve(error.message));
    request.on("response", (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (part: string) => {
        text += part;
      });
      response.on("close", () => resolve(`${response.statusCode} ${text}`));
    });
    request.on("upgrade", (_, socket, head) => {
      let text = head.toString("latin1");
      socket.setEncoding("latin1").on("data", (part: string) => {
        text += part;
        if (!text.includes('"status":"Success"')) return;
        resolve(text.includes(`\u0001${pod}\n`) ? true : `exec printed something else: ${text}`);
        socket.destroy();
      });
      socket.on("error", (error: Error) => resolve(error.message));
      socket.on("close", () => resolve(text === "" ? "socket hang up" : `EOF after: ${text}`));
    });
    request.end();
  });
}
