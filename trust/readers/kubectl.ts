/** What `kubectl` makes in a cluster by its words. */
import type { KnownFiles } from "./shell-files.ts";
import type { Remark } from "./shell-parts.ts";
import { soundsDeciding } from "./speaks.ts";

const group = "rbac.authorization.k8s.io";

/** What kubectl with these words does that is not read, or the manifest that they stand for. */
export function kubectlRemark(texts: readonly string[], known: KnownFiles): Remark | undefined {
  const operands = texts.filter((text) => !text.startsWith("-"));
  const verb = operands.find((one) => writing.has(one));
  if (verb === undefined) return undefined;
  const [what = "", name = ""] = operands.slice(operands.indexOf(verb) + 1);
  if (verb === "create") {
    const object = created(what, name, texts);
    if (object) return { kind: "object", content: JSON.stringify(object) };
  }
  const files = valuesOf(texts, /^(-f|-k|--filename|--kustomize)$/);
  for (const file of files) {
    if (file === "-" || file === "/dev/stdin" || known(file) !== undefined) continue;
    return {
      kind: soundsDeciding(file) || /approver|rbac/i.test(file) ? "deciding" : "note",
      message: `the manifest that kubectl ${verb} is given`,
    };
  }
  const isConfig = operands.some((one) => /(^|\/)(kubelet-config|kubeadm-config)\b/.test(one));
  return isConfig && (verb !== "create" || /^(cm|configmaps?)$/.test(what))
    ? { kind: "deciding", message: `what kubectl ${verb} makes of kubeadm's ConfigMap` }
    : undefined;
}

const writing = new Set(["apply", "create", "replace", "patch", "edit", "set", "delete"]);

function valuesOf(texts: readonly string[], name: RegExp): string[] {
  return texts.flatMap((text, at) => {
    const [, key = "", value] = /^(--?[\w-]+?)(?:=(.*))?$/s.exec(text) ?? [];
    return name.test(key) ? (value ?? texts[at + 1] ?? []) : [];
  });
}

function created(kind: string, name: string, texts: readonly string[]): unknown {
  const values = (flag: string) =>
    valuesOf(texts, new RegExp(`^--${flag}$`)).flatMap((value) => value.split(","));
  if (kind === "clusterrolebinding") {
    const accounts = values("serviceaccount").map((account) => {
      const [namespace, own = ""] = account.split(":");
      return { kind: "ServiceAccount", name: own, namespace };
    });
    return {
      apiVersion: `${group}/v1`,
      kind: "ClusterRoleBinding",
      metadata: { name },
      roleRef: { apiGroup: group, kind: "ClusterRole", name: values("clusterrole")[0] ?? "" },
      subjects: [
        ...values("user").map((user) => ({ kind: "User", name: user, apiGroup: group })),
        ...values("group").map((one) => ({ kind: "Group", name: one, apiGroup: group })),
        ...accounts,
      ],
    };
  }
  if (kind !== "clusterrole") return undefined;
  // `--resource=certificatesigningrequests.certificates.k8s.io/approval`
  const rules = values("resource").map((resource) => {
    const [, plural = "", apiGroup = "", sub = ""] =
      /^([^./]*)\.?([^/]*)(\/.*)?$/.exec(resource) ?? [];
    return {
      apiGroups: [apiGroup],
      resources: [plural + sub],
      verbs: values("verb"),
      resourceNames: values("resource-name"),
    };
  });
  const urls = values("non-resource-url");
  return {
    apiVersion: `${group}/v1`,
    kind: "ClusterRole",
    metadata: { name },
    rules: [
      ...rules,
      ...(urls.length > 0 ? [{ nonResourceURLs: urls, verbs: values("verb") }] : []),
    ],
  };
}
