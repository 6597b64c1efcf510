/** Settings by which clouds let nodes be tuned, and which say nothing of trust. */
import type { Json } from "./yaml.ts";

/**
 * Fields of a KubeletConfiguration, flags and what clouds call them, in small letters without dashes. None has a part in
 * what a kubelet serves, where it listens, and whom it lets in.
 * Source: k8s.io/kubelet `config/v1beta1/types.go`; the node settings of GKE (`kubeletConfig`), AKS (`kubeletConfig`) and EKS.
 */
const names = new Set(
  `
  allowedunsafesysctls containerlogmaxfiles containerlogmaxsize containerlogmaxsizemb
  cpucfsquota cpucfsquotaperiod cpumanagerpolicy memorymanagerpolicy topologymanagerpolicy topologymanagerscope
  evictionhard evictionmaxpodgraceperiod evictionminimumreclaim evictionsoft evictionsoftgraceperiod
  failswapon imagegchighthreshold imagegchighthresholdpercent imagegclowthreshold imagegclowthresholdpercent
  imagemaximumgcage imageminimumgcage kubereserved systemreserved maxparallelimagepulls serializeimagepulls
  maxpods nodelabels podmaxpid podmaxpids podpidslimit podspercore registerwithtaints
  `
    .trim()
    .split(/\s+/),
);

/** Whether a map of settings, or a text of flags, has settings of this kind alone; nothing at all is none. */
export function tunesAlone(settings: Json | undefined): boolean {
  const given = typeof settings === "string" ? flagsIn(settings) : keysOf(settings);
  return given !== undefined && given.length > 0 && given.every((one) => names.has(plain(one)));
}

function keysOf(settings: Json | undefined): string[] | undefined {
  const isMap = typeof settings === "object" && settings !== null && !Array.isArray(settings);
  return isMap ? Object.keys(settings) : undefined;
}

/** Names of flags that have their values with them: of others it is not known where they end. */
function flagsIn(text: string): string[] | undefined {
  const words = text.trim().split(/\s+/);
  const flags = words.map((word) => /^--([a-z-]+)=[\w./,:=%<>-]*$/.exec(word)?.[1]);
  return flags.every((flag) => flag !== undefined) ? flags : undefined;
}

function plain(name: string): string {
  return name.replaceAll("-", "").toLowerCase();
}
