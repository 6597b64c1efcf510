/** Settings of kubelets as clouds and distributions take them: what only tunes, and what decides. */
import { parseBool } from "../go/texts.ts";
import { type Opening, openingOf } from "../words/opening.ts";
import { placeholderIn } from "./placeholders.ts";
import { asObject, type Json } from "./yaml.ts";

/**
 * Fields of a KubeletConfiguration, flags and what clouds call them, in small letters without dashes. None has a part in
 * what a kubelet serves, where it listens, and whom it lets in.
 * Source: k8s.io/kubelet `config/v1beta1/types.go`; the node settings of GKE (`kubeletConfig`), AKS (`kubeletConfig`) and
 * EKS; kops `pkg/apis/kops/componentconfig.go`; Gardener `pkg/apis/core/v1beta1/types_shoot.go`.
 */
const tuning = namesIn(`
  allowedunsafesysctls cgroupdriver cgroupsperqos clusterdns clusterdomain
  containerlogmaxfiles containerlogmaxsize containerlogmaxsizemb containerlogmaxworkers containerlogmonitorinterval
  cpucfsquota cpucfsquotaperiod cpumanagerpolicy cpumanagerpolicyoptions cpumanagerreconcileperiod crashloopbackoff
  enforcenodeallocatable eventburst eventqps eventrecordqps
  evictionhard evictionmaxpodgraceperiod evictionminimumreclaim evictionpressuretransitionperiod evictionsoft
  evictionsoftgraceperiod
  failswapon imagegchighthreshold imagegchighthresholdpercent imagegclowthreshold imagegclowthresholdpercent
  imagemaximumgcage imageminimumgcage kernelmemcgnotification kubeapiburst kubeapiqps kubereserved kubereservedcgroup
  localstoragecapacityisolation logging maxparallelimagepulls maxpods memorymanagerpolicy memoryswap
  memorythrottlingfactor nodelabels nodestatusmaximages nodestatusreportfrequency nodestatusupdatefrequency podmaxpid
  podmaxpids podpidslimit podspercore protectkerneldefaults registerwithtaints registryburst registrypullqps
  registryqps reservedmemory reservedsystemcpus runtimerequesttimeout seccompdefault serializeimagepulls
  shutdowngraceperiod shutdowngraceperiodbypodpriority shutdowngraceperiodcriticalpods
  shutdowngraceperiodforcriticalpods singleprocessoomkill streamingconnectionidletimeout systemreserved
  systemreservedcgroup topologymanagerpolicy topologymanagerpolicyoptions topologymanagerscope volumestatsaggperiod
`);

/**
 * What Bottlerocket takes beside these, of which its kubelet gets the cluster that it belongs to.
 * Source: Bottlerocket `settings.kubernetes`.
 */
const ofBottlerocket = namesIn(`
  apiserver clustercertificate clusterdnsip clustername containerlogmaxfiles cpucfsquotaenforced
  cpucfsquotaperiod devicecgroup idsperpod loglevel memoryswapbehavior nodetaints podinfracontainerimage providerid
  shutdowngraceperiodforcriticalpods
`);

/**
 * What kops and Gardener take for kube-apiserver, and which has no part in how it calls kubelets or authorizes for them.
 * Source: kops `pkg/apis/kops/componentconfig.go`; Gardener `pkg/apis/core/v1beta1/types_shoot.go`.
 */
const ofApiServer = namesIn(`
  apiaudiences auditconfig auditlogformat auditlogmaxage auditlogmaxbackups auditlogmaxsize auditlogpath
  auditpolicyfile autoscaling cpulimit cpurequest defaultnotreadytolerationseconds defaultunreachabletolerationseconds
  encryptionconfig eventttl loglevel logging maxmutatingrequestsinflight maxrequestsinflight memorylimit
  memoryrequest oidcclientid oidcconfig oidcgroupsclaim oidcgroupsprefix oidcissuerurl oidcrequiredclaim
  oidcusernameclaim oidcusernameprefix rbac requesttimeout requests runtimeconfig serviceaccountconfig watchcachesizes
`);

/** Fields that hold settings one level below. */
const containers = namesIn("config flags extraargs extraconfig kubeletconfig kubeletextraargs");

/**
 * Flags of the kubelet that decide alone whether it is open, by what the settings are called.
 * Source: kubernetes `cmd/kubelet/app/options/options.go` (AddKubeletConfigFlags).
 */
const entrances: ReadonlyMap<string, string> = new Map([
  ["anonymousauth", "anonymous-auth"],
  ["authentication.anonymous.enabled", "anonymous-auth"],
  ["authentication.webhook.enabled", "authentication-token-webhook"],
  ["authenticationtokenwebhook", "authentication-token-webhook"],
  ["authorizationmode", "authorization-mode"],
  ["authorization.mode", "authorization-mode"],
  ["readonlyport", "read-only-port"],
  ["insecurekubeletreadonlyportenabled", "read-only-port"],
]);

/**
 * Values that let nobody in, and that every cloud gives a kubelet which calls its kube-apiserver for authorization.
 */
const closed = new Set([
  "anonymous-auth=false",
  "authentication-token-webhook=true",
  "authorization-mode=Webhook",
  "read-only-port=0",
]);

/** Whose settings they are: each takes names that mean something else, or nothing, to another. */
export type Settled = "kubelet" | "bottlerocket" | "other program";

/** What is set, as far as it is more than tuning. */
export type Settings = {
  /** Whether anything is set at all. */
  readonly some: boolean;
  /** What is not known to tune alone, by path; `""` where it is not known what is set. Names are as they are written. */
  readonly deciding: readonly string[];
  /** What some of them, which are not among `deciding`, open for certain. */
  readonly opens?: Opening;
};

/**
 * Reads settings: a map of them, flags in a text or a list, or these below `config`, `flags` and the like. A name that is
 * not known decides, and so does a value that could bring other flags with it.
 */
export function settingsIn(value: Json, whose: Settled): Settings {
  const leaves = leavesOf(value);
  if (leaves === undefined) return { some: true, deciding: [""] };
  const deciding = new Set<string>();
  const entered = new Set<string>();
  const flags = new Map<string, string>();
  for (const leaf of leaves) {
    const name = plain(leaf.path.join("."));
    const entrance = whose === "other program" ? undefined : entranceAt(name, leaf.value);
    if (entrance !== undefined) {
      const [flag = "", value = ""] = entrance.split(/=(.*)/s);
      flags.set(flag, value);
      if (!closed.has(entrance)) entered.add(leaf.path.join("."));
    } else if (!tunes(leaf.path, whose) || bringsFlags(leaf.value)) {
      deciding.add(leaf.path.join("."));
    }
  }
  const some = leaves.length > 0;
  const opens = openingOf({
    anonymous: parseBool(flags.get("anonymous-auth") ?? "").value === true,
    authorizationMode: flags.get("authorization-mode") ?? "",
    readOnlyPort: Number(flags.get("read-only-port") ?? 0),
  });
  return opens
    ? { some, deciding: [...deciding], opens }
    : { some, deciding: [...new Set([...deciding, ...entered])] };
}

type Leaf = { readonly path: readonly string[]; readonly value: Json };

/** Each value with its name; undefined where it is not known what is set. */
function leavesOf(value: Json): readonly Leaf[] | undefined {
  const object = asObject(value);
  if (object === undefined) return value === null ? [] : flagsIn(value);
  const leaves = Object.entries(object).map(([key, item]) =>
    containers.has(plain(key)) ? leavesOf(item) : named([key], item),
  );
  return leaves.every((one) => one !== undefined) ? leaves.flat() : undefined;
}

/** What tunes is one value, whatever is in it. */
function named(path: readonly [string, ...string[]], value: Json): readonly Leaf[] {
  const inner = Object.entries(asObject(value) ?? {});
  return inner.length === 0 || tuning.has(plain(path[0]))
    ? [{ path, value }]
    : inner.flatMap(([key, item]) => named([...path, key], item));
}

/**
 * Variables that eksctl sets from the fields of its own of the same names, for `overrideBootstrapCommand`.
 * Source: eksctl `pkg/nodebootstrap/assets/scripts`.
 */
const ofEksctl = /\$\{?(?:NODE_LABELS|NODE_TAINTS|MAX_PODS|CLUSTER_DNS)\b\}?/g;

/** The flags of a text or of a list of words; undefined where it is not known where one ends. */
function flagsIn(value: Json): readonly Leaf[] | undefined {
  const words = typeof value === "string" ? value.trim().split(/\s+/) : value;
  if (!Array.isArray(words)) return undefined;
  const leaves: Leaf[] = [];
  for (const word of words) {
    if (typeof word !== "string") return undefined;
    const [, name, given] = /^--([a-z][a-z-]*)(?:=(.*))?$/is.exec(word) ?? [];
    const last = leaves.at(-1);
    if (name !== undefined) leaves.push({ path: [`--${name}`], value: given ?? true });
    // Only what is no switch takes the next word; where a switch is followed by one, no kubelet starts.
    else if (last?.value === true && last.path[0] !== "--anonymous-auth")
      leaves.splice(-1, 1, { ...last, value: word });
    else return undefined;
    const known = word.replace(ofEksctl, "");
    if (typeof value === "string" && !/^[\w./,:=%<>@+-]*$/.test(known)) return undefined;
  }
  return leaves;
}

function tunes([name = ""]: readonly string[], whose: Settled): boolean {
  const one = plain(name);
  if (whose === "other program") return ofApiServer.has(one);
  return tuning.has(one) || (whose === "bottlerocket" && ofBottlerocket.has(one));
}

/** Whoever puts a value into a command line puts in what follows a blank, or what a shell makes of it. */
function bringsFlags(value: Json): boolean {
  if (typeof value === "string") return /(?:^|\s)--[a-z]|`|\$\(/i.test(value);
  if (value === null || typeof value !== "object") return false;
  return Object.entries(value).some(([key, item]) => bringsFlags(key) || bringsFlags(item));
}

/** `anonymous-auth=false`, where a setting is one of {@link entrances}. */
function entranceAt(name: string, value: Json): string | undefined {
  const flag = entrances.get(name);
  if (flag === undefined || (typeof value === "object" && value !== null)) return undefined;
  const text = String(value);
  if (/\s/.test(text) && placeholderIn(text) !== text) return undefined;
  // GKE's switch; source: kubernetes `pkg/cluster/ports/ports.go` (KubeletReadOnlyPort).
  if (name.startsWith("insecure")) {
    const port = { true: "10255", false: "0" }[text.toLowerCase()];
    return port && `${flag}=${port}`;
  }
  return `${flag}=${text}`;
}

function plain(name: string): string {
  return name.replaceAll("-", "").toLowerCase();
}

function namesIn(text: string): ReadonlySet<string> {
  return new Set(text.trim().split(/\s+/));
}
