/**
 * One real pod on a node, and what `kubectl logs` and `kubectl exec` say about it.
 */
import { Failure } from "../../toolchain/fail.mjs";
import { labImage } from "../host/image.ts";
import { waitFor } from "../host/patience.ts";
import type { Api } from "./api.ts";
import type { KubectlAnswer } from "./kubectl.ts";

/** An answer as a user sees it. */
export type Answer = { readonly works: boolean; readonly text: string };

export type HelloNode = {
  readonly node: string;
  readonly pod: string;
  readonly logs: Answer;
  readonly exec: Answer;
  /** `kubectl get --raw .../proxy/metrics`; the text is its size when it works. */
  readonly metrics: Answer;
};

/** True when every request got its answer. */
export function answersAll({ logs, exec, metrics }: HelloNode): boolean {
  return logs.works && exec.works && metrics.works;
}

const namespace = "default";
const serviceAccount = "hello";

/** Starts a pod on a node, waits until it runs, and asks for its logs and a command in it. */
export async function sayHello(
  api: Api,
  node: string,
  kubectl: (args: readonly string[]) => Promise<KubectlAnswer>,
): Promise<HelloNode> {
  const pod = await startHello(api, node);
  const answer = async (args: string[]) => {
    const { code, stdout, stderr } = await kubectl(args);
    return { code, text: (code === 0 ? stdout : stderr).trim() };
  };
  const equals = async (args: string[], expected: string): Promise<Answer> => {
    const { code, text } = await answer(args);
    return { works: code === 0 && text === expected, text };
  };
  const logs = await equals(["logs", pod], greeting(node));
  const exec = await equals(["exec", pod, "--", "hostname"], pod);
  const raw = await answer(["get", "--raw", `/api/v1/nodes/${node}/proxy/metrics`]);
  const samples = raw.text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  const metrics =
    raw.code === 0
      ? { works: samples.length > 0, text: `${samples.length} samples` }
      : { works: false, text: raw.text };
  return { node, pod, logs, exec, metrics };
}

/** Starts the pod and waits until it runs; returns its name. */
export async function startHello(api: Api, node: string, hostNetwork = false): Promise<string> {
  const pod = `hello-${node}`;
  const pods = `/api/v1/namespaces/${namespace}/pods`;
  // The default ServiceAccount comes seconds after the cluster; one of its own is there at once.
  await create(api, `/api/v1/namespaces/${namespace}/serviceaccounts`, {
    apiVersion: "v1",
    kind: "ServiceAccount",
    metadata: { name: serviceAccount, namespace },
  });
  await waitFor(`pod ${pod} to be accepted`, async () =>
    // Admission sees a new ServiceAccount a moment later.
    (await create(api, pods, helloPod(pod, node, hostNetwork))) === 403 ? undefined : true,
  );
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

/** Creates an object; that it exists already is fine. Returns the status when it is 403, which may pass. */
async function create(api: Api, path: string, object: object): Promise<number> {
  const { status, text } = await api("POST", path, object);
  if (status >= 300 && status !== 409 && status !== 403) {
    throw new Failure(`kube-apiserver refuses an object of the lab: ${text}`);
  }
  return status;
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
      serviceAccountName: serviceAccount,
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
