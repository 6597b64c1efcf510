/**
 * One real pod on a node, and what `kubectl logs` and `kubectl exec` say about it.
 */
import { Failure } from "../toolchain/fail.mjs";
import type { Api } from "./api.ts";
import { labImage } from "./image.ts";
import type { KubectlAnswer } from "./kubectl.ts";
import { waitFor } from "./patience.ts";

/** An answer as a user sees it. */
export type Answer = { readonly works: boolean; readonly text: string };

export type HelloNode = {
  readonly node: string;
  readonly pod: string;
  readonly logs: Answer;
  readonly exec: Answer;
};

const namespace = "default";

/** Starts a pod on a node, waits until it runs, and asks for its logs and a command in it. */
export async function sayHello(
  api: Api,
  node: string,
  kubectl: (args: readonly string[]) => Promise<KubectlAnswer>,
): Promise<HelloNode> {
  const pod = await startHello(api, node);
  const answer = async (args: string[], expected: string): Promise<Answer> => {
    const { code, stdout, stderr } = await kubectl(args);
    const text = (code === 0 ? stdout : stderr).trim();
    return { works: code === 0 && text === expected, text };
  };
  const logs = await answer(["logs", pod], greeting(node));
  const exec = await answer(["exec", pod, "--", "hostname"], pod);
  return { node, pod, logs, exec };
}

/** Starts the pod and waits until it runs; returns its name. */
export async function startHello(api: Api, node: string, hostNetwork = false): Promise<string> {
  const pod = `hello-${node}`;
  const pods = `/api/v1/namespaces/${namespace}/pods`;
  await waitFor(`pod ${pod} to be accepted`, async () => {
    const { status, text } = await api("POST", pods, helloPod(pod, node, hostNetwork));
    if (status === 201 || status === 409) return true;
    // The default ServiceAccount comes a moment after the namespace.
    if (status === 403 && text.includes("serviceaccount")) return undefined;
    throw new Failure(`Pod ${pod} is refused: ${text}`);
  });
  let why = "";
  await waitFor(`pod ${pod} to run`, async () => {
    const answer = await api("GET", `${pods}/${pod}`);
    const status = (answer.body as { status?: PodStatus }).status;
    why = status?.containerStatuses?.[0]?.state?.waiting?.message ?? status?.message ?? "";
    if (status?.phase === "Failed") throw new Failure(`Pod ${pod} failed: ${why}`);
    return status?.phase === "Running" ? true : undefined;
  }).catch((error: Error) => {
    throw new Failure(`${error.message}${why ? ` ${why}` : ""}`);
  });
  return pod;
}

/** What the pod prints. */
export function greeting(node: string): string {
  return `hello from ${node}`;
}

type PodStatus = {
  readonly phase?: string;
  readonly message?: string;
  readonly containerStatuses?: readonly { state?: { waiting?: { message?: string } } }[];
};

function helloPod(name: string, node: string, hostNetwork: boolean) {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace },
    spec: {
      nodeName: node,
      hostNetwork,
      restartPolicy: "Never",
      terminationGracePeriodSeconds: 0,
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      tolerations: [{ operator: "Exists" }],
      containers: [
        {
          name: "hello",
          image: labImage,
          imagePullPolicy: "Never",
          command: ["sh", "-c", `echo "${greeting(node)}"; exec sleep 2147483647`],
        },
      ],
    },
  };
}
