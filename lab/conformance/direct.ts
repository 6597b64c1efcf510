/**
 * Calls that come straight to a kubelet, past kube-apiserver: on its port with and without a certificate, and on its
 * read-only port.
 */
import * as http from "node:http";
import * as https from "node:https";
import { judgeDirectCall } from "../../trust/judge/direct.ts";
import { readPem } from "../../trust/readers/pem.ts";
import type { AuthorizerFacts, KubeletFacts } from "../../trust/words/facts.ts";
import { kubeletPort } from "../host/served.ts";
import { type Case, compare, judgementOf, type Reality } from "./case.ts";
import type { KubeletNode } from "./kubelet-node.ts";
import { type Issued, issue } from "./pki.ts";
import { container } from "./probes.ts";
import type { World } from "./world.ts";

/** Who calls, on which port. */
export type Caller = {
  readonly name: string;
  readonly says: string;
  readonly port: "secure" | "readOnly";
  readonly certificate?: Issued;
};

const kinds = ["logs", "execSpdy", "metrics", "stats", "pods", "healthz", "configz"] as const;
type Kind = (typeof kinds)[number];

/** Port that a kubelet of the matrix that has a read-only port has it at. */
const readOnlyPort = 10_255;

/** Strangers and administrators. */
export async function directCallers({ authorities, adminPair }: World): Promise<Caller[]> {
  const stranger = await issue({
    subject: "CN=stranger,O=system:masters",
    issuer: authorities.other,
    usages: ["clientAuth"],
  });
  return [
    { name: "no-certificate", says: "no certificate", port: "secure" },
    { name: "admin", says: "group system:masters", port: "secure", certificate: adminPair },
    { name: "other-ca", says: "signed by another CA", port: "secure", certificate: stranger },
    { name: "read-only", says: "read-only port", port: "readOnly" },
  ];
}

/** Every caller asks a kubelet for everything. */
export async function askDirectly(
  node: KubeletNode,
  callers: readonly Caller[],
  kubelet: KubeletFacts,
  authorizer: AuthorizerFacts,
  onCase: (one: Case) => void,
): Promise<void> {
  for (const caller of callers) {
    for (const kind of kinds) {
      const { certificate, port } = caller;
      const chain =
        certificate && readPem(certificate.certPem, { where: caller.name }).certificates;
      const outcome = judgeDirectCall(
        kubelet,
        authorizer,
        { port, kind, ...(chain && { certificate: chain }) },
        { pod: { namespace: "default", name: node.pod, container } },
      );
      const about = {
        id: `direct/${node.variant.name}/${caller.name}/${kind}`,
        part: "direct",
        kubelet: node.variant.says,
        caller: caller.says,
        request: kind,
      } as const;
      onCase(compare(about, judgementOf(outcome), await call(node, caller, kind)));
    }
  }
}

function call(node: KubeletNode, { port, certificate }: Caller, kind: Kind): Promise<Reality> {
  const options: https.RequestOptions = {
    host: node.address,
    path: pathOf(node, kind),
    method: kind === "execSpdy" ? "POST" : "GET",
    headers: {
      ...(kind === "execSpdy" && {
        Connection: "Upgrade",
        Upgrade: "SPDY/3.1",
        "X-Stream-Protocol-Version": "v4.channel.k8s.io",
      }),
    },
    agent: false,
    timeout: 30_000,
  };
  return new Promise((resolve) => {
    const request =
      port === "readOnly"
        ? http.request({ ...options, port: readOnlyPort })
        : https.request({
            ...options,
            port: kubeletPort,
            rejectUnauthorized: false,
            ...(certificate && { cert: certificate.certPem, key: certificate.keyPem }),
          });
    request.on("error", ({ message }) =>
      resolve({
        outcome: "fails",
        // In the words of Go, which do not say whose connection it was.
        message: /ECONNREFUSED/.test(message) ? "connect: connection refused" : message,
      }),
    );
    request.on("timeout", () => request.destroy(new Error("no answer within 30 s")));
    request.on("upgrade", (_response, socket) => {
      socket.destroy();
      resolve({ outcome: "works", httpStatus: 101, message: "" });
    });
    request.on("response", (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (part: string) => {
        text += part;
      });
      response.on("end", () => {
        const { statusCode: httpStatus = 0 } = response;
        resolve(
          httpStatus < 400
            ? { outcome: "works", httpStatus, message: "" }
            : { outcome: "fails", httpStatus, message: text.trim() },
        );
      });
    });
    request.end();
  });
}

function pathOf({ pod }: KubeletNode, kind: Kind): string {
  const own = `default/${pod}/${container}`;
  switch (kind) {
    case "logs":
      return `/containerLogs/${own}`;
    case "execSpdy":
      return `/exec/${own}?command=hostname&output=1&error=1`;
    case "stats":
      return "/stats/summary?only_cpu_and_memory=true";
    default:
      return `/${kind}`;
  }
}
