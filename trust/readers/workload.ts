/** Pods and whatever makes pods: the programs in them, and who they are to RBAC. */
import { type Fact, known, unknown } from "../words/fact.ts";
import { callsKubelets } from "./agents.ts";
import type { CommandLines } from "./command-line.ts";
import { datadogAgentIn } from "./datadog.ts";
import type { Given, GivenObject, ObjectFormat, Part, Reading } from "./format.ts";
import { metricsServerIn } from "./metrics-server.ts";
import { titleOf, underKey, unread } from "./origins.ts";
import type { Origin, Piece, WorkloadPiece } from "./piece.ts";
import { isUnknown } from "./placeholders.ts";
import { podPathsIn, readPod } from "./pod.ts";
import { besides, kubeadmParts, programPiece, runs, written } from "./program-pieces.ts";
import { soundsDeciding } from "./speaks.ts";
import {
  asList,
  asObject,
  asText,
  type FieldPath,
  type JsonObject,
  valueAt,
  type YamlDocument,
} from "./yaml.ts";

const kinds = new Set([
  "Pod",
  "PodTemplate",
  "Deployment",
  "DaemonSet",
  "StatefulSet",
  "ReplicaSet",
  "ReplicationController",
  "Job",
  "CronJob",
]);

export const workload: ObjectFormat = {
  name: "Pod and whatever makes pods",
  about:
    "Pod, PodTemplate, Deployment, DaemonSet, StatefulSet, ReplicaSet, ReplicationController, Job, CronJob: programs in `command`, `args` or by the image's name, `$(NAME)` from `env`, metrics-server, ServiceAccount, replicas",
  recognises: ({ kind }) => kinds.has(asText(kind) ?? ""),
  read: readWorkload,
};

/** Reads the pods in an object, wherever it keeps them. */
export function readWorkload(
  object: JsonObject,
  origin: Origin,
  lineOf: YamlDocument["lineOf"],
): Reading {
  const paths = podPathsIn(object);
  const readings = paths.map((path) => readOne(object, path, origin, lineOf));
  const { programs, scripts } = readPod(object, { where: origin.source.where }, lineOf);
  const found = programs.filter(({ commandLine }) => runs(commandLine));
  return {
    pieces: [
      ...found.flatMap(({ commandLine, annotations, image, volumeAt, volumes, spec }) => {
        const version = versionIn(image);
        return programPiece(
          commandLine,
          { ...origin, annotations: { ...origin.annotations, ...annotations } },
          {
            ...(version !== undefined && { version }),
            pod: {
              volumeAt,
              volumes,
              namespace: namespaceOf(object),
              runs: startsAt(object, spec),
            },
          },
        );
      }),
      ...(found.length > 0 ? [] : scripts.flatMap((script) => besides(script, origin))),
      ...(paths.length === 0 && makesPods(object) && soundsDeciding(titleOf(object))
        ? [unread(origin, `the pods of ${origin.source.where}`, true)]
        : []),
      ...readings.flatMap(({ pieces }) => pieces),
    ],
    inner: [
      ...scripts.flatMap((script): Given[] => [...written(script, origin)]),
      ...readings.flatMap(({ inner }): (Given | GivenObject)[] => [...inner]),
    ],
    parts: scripts.flatMap((script: CommandLines): readonly Part[] => kubeadmParts(script, origin)),
  };
}

/** Kinds that are there for pods, and others whose template is not known yet. */
function makesPods({ kind, spec }: JsonObject): boolean {
  const template = asObject(spec)?.template;
  const parts = [spec, template, asObject(template)?.spec];
  return kinds.has(asText(kind) ?? "") || parts.some((part) => typeof part === "string");
}

/** `registry.k8s.io/kube-apiserver:v1.37.2` */
function versionIn(image: string | undefined): string | undefined {
  return /:v?(\d+\.\d+\.\d+)/.exec(image ?? "")?.[1];
}

function namespaceOf(object: JsonObject): string {
  return asText(asObject(object.metadata)?.namespace) ?? "default";
}

function readOne(
  object: JsonObject,
  path: FieldPath,
  origin: Origin,
  lineOf: YamlDocument["lineOf"],
): Reading {
  const spec = asObject(valueAt(object, [...path, "spec"]));
  const listed = [...asList(spec?.initContainers), ...asList(spec?.containers)];
  const containers = asList(spec?.containers).flatMap((container): JsonObject[] => {
    const own = asObject(container);
    return own ? [own] : [];
  });
  const label = titleOf(object);
  const opaque =
    typeof spec?.containers === "string" || typeof valueAt(object, [...path, "spec"]) === "string";
  const pod: WorkloadPiece = {
    kind: "workload",
    origin,
    label,
    containers,
    serviceAccount: accountOf(spec, namespaceOf(object)),
    runs: runsAt(object, spec),
    tolerations: asList(spec?.tolerations),
    scheduling: {
      ...(spec?.nodeName !== undefined && { nodeName: spec.nodeName }),
      ...(spec?.nodeSelector !== undefined && { nodeSelector: spec.nodeSelector }),
      ...(spec?.affinity !== undefined && { affinity: spec.affinity }),
    },
    ...tokenOf(spec),
    ...hostAliasesOf(spec),
    ...(spec?.hostNetwork === true && { hostNetwork: true }),
  };
  const callers = [
    ...metricsServerIn({
      pod,
      lineOf: (field) => lineOf([...path, "spec", "containers", ...field]),
    }),
    ...datadogAgentIn(pod),
  ];
  const called = callers.length > 0 ? [] : containers.filter(callsKubelets);
  return {
    pieces: [
      pod,
      ...callers,
      ...called.map(({ name }) => {
        const container = `container ${JSON.stringify(name ?? "")} of ${label}`;
        return unread(origin, `what ${container} verifies where it calls kubelets`, false);
      }),
      ...(opaque && soundsDeciding(label)
        ? [unread(origin, `the containers of ${origin.source.where}`, true)]
        : []),
      ...containers.flatMap((container) => opaqueImage(container, label, origin)),
    ],
    inner: listed.flatMap((container) => longValues(asObject(container) ?? {}, origin)),
  };
}

/** Source: kubernetes `plugin/pkg/admission/serviceaccount/admission.go` (shouldAutomount: the pod's word comes first). */
function tokenOf(spec: JsonObject | undefined): Pick<WorkloadPiece, "token"> {
  if (spec === undefined) return {};
  const { automountServiceAccountToken: mounts } = spec;
  const audiences = audiencesIn(spec);
  if (mounts === true || audiences.some(isOfApiServer)) return { token: "mounted" };
  if (mounts !== false) return {};
  const [audience] = audiences;
  return { token: audience === undefined ? "none" : { audience } };
}

/** For whom the tokens in a pod's volumes are; empty: for kube-apiserver. */
function audiencesIn({ volumes }: JsonObject): readonly string[] {
  return asList(volumes).flatMap((volume) =>
    asList(asObject(asObject(volume)?.projected)?.sources).flatMap((source) => {
      const token = asObject(source)?.serviceAccountToken;
      return token === undefined ? [] : [asText(asObject(token)?.audience) ?? ""];
    }),
  );
}

/** Source: kubeadm `controlplane/manifests.go` (`--service-account-issuer`, which `--api-audiences` is by default). */
function isOfApiServer(audience: string): boolean {
  return audience === "" || /^(https:\/\/)?kubernetes\.default\.svc\b/.test(audience);
}

function hostAliasesOf(spec: JsonObject | undefined): Pick<WorkloadPiece, "hostAliases"> {
  const { hostNetwork = false, hostAliases = [] } = spec ?? {};
  return hostNetwork === false && Array.isArray(hostAliases) ? { hostAliases } : {};
}

/** A container whose image and command are not known could run anything; a name tells whether it matters. */
function opaqueImage(container: JsonObject, label: string, origin: Origin): readonly Piece[] {
  const image = asText(container.image) ?? "";
  const name = asText(container.name) ?? "";
  const { command, args } = container;
  const hasCommand = asList(command).length > 0;
  const isAnyImage =
    isUnknown(image) && !hasCommand && /^(kubelet|kube-?apiserver)\b/i.test(name || label);
  const isAnyCommand =
    [command, args].some((one) => typeof one === "string" && isUnknown(one)) &&
    /^(kubelet|kube-?apiserver)$/i.test(name);
  return isAnyImage || isAnyCommand
    ? [
        unread(
          origin,
          `the image and command of container ${JSON.stringify(name)} of ${label}`,
          true,
        ),
      ]
    : [];
}

/** Texts of several lines in a container's environment: whole files are handed over that way. */
function longValues(container: JsonObject, origin: Origin): Given[] {
  return asList(container.env).flatMap((entry): Given[] => {
    const { name, value } = asObject(entry) ?? {};
    return typeof value === "string" && (value.includes("\n") || value.length > 100)
      ? [{ content: value, origin: underKey(origin, `env ${asText(name) ?? ""}`) }]
      : [];
  });
}

function accountOf(spec: JsonObject | undefined, namespace: string): Fact<string> {
  const name = asText(spec?.serviceAccountName) ?? asText(spec?.serviceAccount) ?? "default";
  return isUnknown(name) || isUnknown(namespace)
    ? unknown("the ServiceAccount of a workload")
    : known(`${namespace}/${name}`);
}

type Runs = WorkloadPiece["runs"];

/**
 * Scaled to nothing, suspended, or held back.
 * Sources: kubernetes `pkg/controller/deployment/deployment_controller.go` (syncDeployment: a paused one makes no new
 * ReplicaSet), `pkg/scheduler/framework/plugins/schedulinggates`.
 */
function startsAt(object: JsonObject, pod: JsonObject | undefined): Runs {
  const spec = asObject(object.spec);
  for (const field of ["replicas", "suspend", "parallelism", "paused"]) {
    const value = spec?.[field];
    if (typeof value === "string" && isUnknown(value))
      return unknown(`spec.${field} of a workload`);
  }
  if (spec?.replicas === 0 || spec?.replicas === "0")
    return known({ because: "it has 0 replicas" });
  const status = asObject(object.status);
  // The pods that it had before stay.
  if ((spec?.paused === true || spec?.paused === "true") && !Number(status?.availableReplicas))
    return known({ because: "it is paused, and makes no pods" });
  if (asList(pod?.schedulingGates).length > 0)
    return known({ because: "its pods have schedulingGates, and no node" });
  if (spec?.parallelism === 0) return known({ because: "its parallelism is 0" });
  const schedule = asText(spec?.schedule) ?? "";
  if (object.kind === "CronJob" && hasNoDay(schedule))
    return known({ because: `its schedule ${schedule} has no day` });
  return spec?.suspend === true || spec?.suspend === "true"
    ? known({ because: "it is suspended" })
    : known(true);
}

/** Whether it does its work: what is to start and was not seen to be there does none. */
function runsAt(object: JsonObject, pod: JsonObject | undefined): Runs {
  const starts = startsAt(object, pod);
  if (!starts.known || starts.value !== true) return starts;
  const status = asObject(object.status);
  const { observedGeneration, availableReplicas = 0, numberAvailable = 0 } = status ?? {};
  // Of an object that a cluster has: what a manifest has as its status, nobody has observed.
  const makesPods = asObject(object.spec)?.template !== undefined;
  const isUnavailable =
    makesPods &&
    typeof observedGeneration === "number" &&
    availableReplicas === 0 &&
    numberAvailable === 0;
  return isUnavailable ? known({ because: "none of its pods is available" }) : starts;
}

/** The days of months that have fewer than 31. */
const shortMonths: Readonly<Record<string, number>> = {
  ...{ 2: 29, 4: 30, 6: 30, 9: 30, 11: 30 },
  ...{ feb: 29, apr: 30, jun: 30, sep: 30, nov: 30 },
};

/** `0 0 31 2 *`, as schedules are written that are never to come. Source: robfig/cron v3 `spec.go` (Next). */
function hasNoDay(schedule: string): boolean {
  const [, , day = "", months = "", weekday] = schedule.trim().split(/\s+/);
  return (
    /^\d+$/.test(day) &&
    (weekday === "*" || weekday === "?") &&
    months
      .split(",")
      .every((month) => Number(day) > (shortMonths[month.toLowerCase().replace(/^0/, "")] ?? 31))
  );
}
