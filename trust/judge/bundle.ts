/** The certificates that a program trusts. */
import { readPem } from "../readers/pem.ts";
import { type Fact, known, unknown } from "../words/fact.ts";
import type { CertificateFacts, FileContent, HostFiles } from "../words/facts.ts";

/** Contents that were read before; a bundle is asked for with every pair. */
const read = new WeakMap<FileContent, Fact<readonly CertificateFacts[]>>();

/** The certificates of a bundle file on a program's machine; none in a file that holds none. */
export function bundleOf(
  path: Fact<string>,
  { files }: { readonly files: HostFiles },
): Fact<readonly CertificateFacts[]> {
  if (!path.known) {
    return path;
  }
  const file = files(path.value);
  if (!file.known) {
    return unknown(file.missing, file.source);
  }
  const before = read.get(file.value);
  if (before) {
    return before;
  }
  const source = file.source ?? { where: path.value };
  const bundle = known(certificatesOf(file.value, source), file.source);
  read.set(file.value, bundle);
  return bundle;
}

function certificatesOf(
  content: FileContent,
  source: { readonly where: string },
): readonly CertificateFacts[] {
  switch (content.kind) {
    case "certificates":
      return content.certificates;
    case "text":
      return readPem(content.text, source).certificates;
    default:
      return [];
  }
}

/** Whether a bundle holds a CA that could issue certificates, and not only what kubelets made for themselves. */
export function holdsAuthority(roots: readonly CertificateFacts[]): boolean {
  return roots.some((root) => !isCollected(root) && (!root.isCA.known || root.isCA.value));
}

/** Whether a kubelet has made it: `<host>@<time>` or `<host>-ca@<time>`. */
export function isCollected({ subject }: CertificateFacts): boolean {
  return subject.known && /@(\d+|<time>)$/.test(subject.value.commonName);
}
