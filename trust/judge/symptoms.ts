/**
 * What a user sees of an error, by the kind of request: kube-apiserver puts different words before it.
 * Sources: kubernetes `pkg/registry/core/pod/rest`, apiserver `pkg/registry/generic/rest/response_checker.go`, apimachinery
 * `pkg/util/proxy`, `pkg/api/errors` (NewGenericServerResponse); observed with v1.37.2.
 */
import type { RequestKind } from "../words/verdict.ts";

/** Whose logs are asked for; it appears in the text of errors. */
export type PodReference = {
  readonly namespace: string;
  readonly name: string;
  readonly container: string;
};

export const anyPod: PodReference = {
  namespace: "<namespace>",
  name: "<pod>",
  container: "<container>",
};

export type Seen = { readonly symptom: string; readonly httpStatus: number };

/** Kinds that kube-apiserver forwards as `nodes/<name>/proxy/...`. */
const proxied: readonly RequestKind[] = ["metrics", "stats", "pods", "healthz", "configz", "proxy"];

/**
 * What Go's dialler says of a name that it cannot resolve.
 * Source: kubernetes `pkg/registry/core/node/strategy.go` (ResourceLocation), `pkg/proxy/util` (IsProxyableHostname);
 * Go `net/dial.go`.
 */
const lookupError = /^dial tcp: (lookup .*)$/s;

/** An error of the connection: dialling, handshake, verification. */
export function connectionSeen(
  kind: RequestKind,
  error: string,
  host: string,
  port: number,
  pod: PodReference,
): Seen {
  if (kind === "logs") {
    const where = host.includes(":") ? `[${host}]` : host;
    const url = `https://${where}:${port}/containerLogs/${pod.namespace}/${pod.name}/${pod.container}`;
    return { symptom: `Get "${url}": ${error}`, httpStatus: 500 };
  }
  if (!proxied.includes(kind)) {
    return { symptom: `error dialing backend: ${error}`, httpStatus: 500 };
  }
  // The name is looked up before anything is passed on, and is taken for the user's mistake.
  const lookup = lookupError.exec(error)?.[1];
  return lookup === undefined
    ? { symptom: `error trying to reach service: ${error}`, httpStatus: 503 }
    : { symptom: lookup, httpStatus: 400 };
}

/** An answer of the kubelet that is no success. */
export function answerSeen(
  kind: RequestKind,
  status: number,
  body: string,
  pod: PodReference,
): Seen {
  if (kind !== "logs") {
    return { symptom: body, httpStatus: status };
  }
  const about = ` ( pods/log ${pod.name})`;
  switch (status) {
    case 401:
      return {
        symptom: `the server has asked for the client to provide credentials${about}`,
        httpStatus: status,
      };
    case 403:
      return { symptom: `${body}\n${about}`, httpStatus: status };
    case 405:
      return {
        symptom: `the server does not allow this method on the requested resource${about}`,
        httpStatus: status,
      };
    case 500:
      return { symptom: `Internal error occurred: ${body}`, httpStatus: status };
    default:
      return {
        symptom: `an error on the server (${JSON.stringify(body)}) has prevented the request from succeeding${about}`,
        httpStatus: status,
      };
  }
}
