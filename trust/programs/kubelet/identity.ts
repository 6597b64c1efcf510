/**
 * Who a kubelet is to kube-apiserver: the user of its kubeconfig.
 * Source: kubernetes `cmd/kubelet/app/server.go` (buildKubeletClientConfig), client-go `tools/clientcmd/client_config.go`.
 */
import { posix } from "node:path";
import type { Flags } from "../../kubernetes/flags.ts";
import { decodeBase64 } from "../../readers/encoding.ts";
import { contextIn } from "../../readers/kubeconfig.ts";
import { certificatesIn, readPem } from "../../readers/pem.ts";
import { asText, type JsonObject } from "../../readers/yaml.ts";
import { type Fact, mapFact, unknown } from "../../words/fact.ts";
import type { CertificateFacts, HostFiles, Identity } from "../../words/facts.ts";

/**
 * The user of the file that `--kubeconfig` names. Where that file or its certificate is not at hand the kubelet is taken
 * for its node, which is what kube-controller-manager signs for it and what a kubelet renews.
 *
 * @param nodeName name of its Node object
 */
export function kubeletIdentity(
  flags: Flags,
  files: HostFiles,
  nodeName: Fact<string>,
): Fact<Identity> {
  const asNode = mapFact(nodeName, nodeIdentity);
  const given = flags.get("kubeconfig");
  const path = given.known && typeof given.value === "string" ? given.value : "";
  const file = path === "" ? undefined : files(path);
  if (!file?.known || file.value.kind !== "text") return asNode;
  const user = contextIn(file.value.text, path).user;
  if (!user) return asNode;
  const [certificate] = certificatesOf(user, path, files) ?? [];
  if (certificate) {
    return mapFact(certificate.subject, ({ commonName, organizations }) => ({
      user: commonName,
      groups: organizations,
    }));
  }
  return user["client-certificate"] === undefined && hasToken(user)
    ? unknown(`who the token in ${path} is to kube-apiserver`)
    : asNode;
}

function nodeIdentity(name: string): Identity {
  return { user: `system:node:${name}`, groups: ["system:nodes"] };
}

/** What stands in the file wins over a path, which is relative to the kubeconfig; undefined where neither is at hand. */
function certificatesOf(
  user: JsonObject,
  path: string,
  files: HostFiles,
): readonly CertificateFacts[] | undefined {
  const inside = asText(user["client-certificate-data"]);
  if (inside !== undefined) {
    const bytes = decodeBase64(inside, true);
    return bytes && readPem(Buffer.from(bytes).toString("utf8"), { where: path }).certificates;
  }
  const at = asText(user["client-certificate"]);
  if (at === undefined) return undefined;
  const where = posix.resolve(posix.dirname(path), at);
  const file = files(where);
  return file.known ? certificatesIn(file.value, where) : undefined;
}

function hasToken(user: JsonObject): boolean {
  return ["token", "tokenFile", "exec", "auth-provider"].some((key) => user[key] !== undefined);
}
