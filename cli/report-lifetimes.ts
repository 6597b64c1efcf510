/** From when to when the certificates are valid that kubelets and their callers show each other. */
import type { Assembly } from "../trust/cluster/assembly.ts";
import { bundleOf } from "../trust/judge/bundle.ts";
import type { Fact } from "../trust/words/fact.ts";
import { known } from "../trust/words/fact.ts";
import type { CertificateFacts, HostFiles } from "../trust/words/facts.ts";
import { groupBy } from "../trust/words/group-by.ts";
import type { Lifetime } from "./report-model.ts";

/** A certificate with its time, and what it is to a reader. */
export type Dated = { readonly name: string; readonly from: Date; readonly until: Date };

/** The certificates of an assembly that were read, each once; not those that are taken for granted. */
export function lifetimesOf({ clusters, unpaired }: Assembly): readonly Lifetime[] {
  const kubelets = [...clusters.flatMap((cluster) => cluster.kubelets), ...unpaired];
  const seen = new Set<string>();
  const dated = [
    ...clusters
      .flatMap(({ apiServers }) => apiServers)
      .flatMap(({ facts }) => [
        ...certificatesAt(facts.access.certificateAuthority, facts.files),
        ...certificatesAt(facts.access.clientCertificate, facts.files),
      ]),
    ...kubelets.flatMap(({ facts }) => [
      ...certificatesAt(facts.authentication.clientCAFile, facts.files),
      ...certificatesAt(facts.serving.tlsCertFile, facts.files),
    ]),
  ].flatMap((certificate): Dated[] => {
    const { ids, notBefore, notAfter, subject, label, der } = certificate;
    // What is taken for granted has a made-up time.
    if (der === undefined) return [];
    const key = ids.join(" ") || label;
    if (seen.has(key) || !notBefore.known || !notAfter.known) return [];
    seen.add(key);
    const name = subject.known ? subject.value.commonName : "";
    return [{ name: name || label, from: notBefore.value, until: notAfter.value }];
  });
  return groupedByTime(dated);
}

function certificatesAt(path: Fact<string>, files: HostFiles): readonly CertificateFacts[] {
  if (!path.known || path.value === "") return [];
  const bundle = bundleOf(known(path.value), { files });
  return bundle.known ? bundle.value : [];
}

/** Those of one day together, the first to end first. */
export function groupedByTime(dated: readonly Dated[]): readonly Lifetime[] {
  const groups = groupBy(dated, ({ from, until }) => `${day(from)} ${day(until)}`);
  return [...groups.values()]
    .flatMap((group): Lifetime[] => {
      const [first] = group;
      if (first === undefined) return [];
      return [{ names: group.map(({ name }) => name), from: first.from, until: first.until }];
    })
    .sort((a, b) => a.until.getTime() - b.until.getTime());
}

/** A day in UTC, e.g. `2026-11-26`. */
export function day(date: Date): string {
  return date.toISOString().slice(0, 10);
}
