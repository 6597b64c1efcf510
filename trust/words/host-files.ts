/** The form of a host-files Secret: all files of one machine, and what is written about the machine. */
import type { NodeAddress } from "./facts.ts";
import { nodeAddressTypes } from "./vocabulary.ts";

/** `type` of the Secret that holds the files of one machine. */
export const hostFilesSecretType = "kubelet-trust/host-files";

/** Label on a host-files Secret: the machine it is for. */
export const machineLabel = "kubelet-trust/machine";

/** Annotation on a host-files Secret: the Kubernetes version the files are made for, without the `v`. */
export const kubernetesVersionAnnotation = "kubelet-trust/kubernetes-version";

/** Annotation on a host-files Secret: the machine's addresses; see {@link readAddresses}. */
export const addressesAnnotation = "kubelet-trust/addresses";

/** Reads addresses as an annotation has them, `InternalIP=10.240.0.11,Hostname=worker-0`; a text is the first part of it that is no `TYPE=ADDRESS`. */
export function readAddresses(text: string): readonly NodeAddress[] | string {
  const addresses: NodeAddress[] = [];
  for (const part of text.split(",")) {
    const [word = "", address = ""] = part.split("=");
    const type = nodeAddressTypes.find((one) => one === word);
    if (type === undefined || address === "") return part;
    addresses.push({ type, address });
  }
  return addresses;
}

/** Key of a host-files Secret's data under which its files are listed. */
export const fileListKey = "files.json";

/** A file of a machine in the list of its host-files Secret. */
export type ListedFile = {
  /** Absolute. */
  readonly path: string;
  /** Octal text, e.g. `0600`; carriers set it on the machine. */
  readonly mode?: string;
  /** `user:group`. Default `root:root`. */
  readonly owner?: string;
  /** Key of the Secret's data that holds the content. */
  readonly key: string;
};

/** Reads the list of files of a host-files Secret; `undefined` when the text is none. */
export function readFileList(text: string): readonly ListedFile[] | undefined {
  try {
    const list: unknown = JSON.parse(text);
    return Array.isArray(list) && list.every(isListedFile) ? list : undefined;
  } catch {
    return undefined;
  }
}

function isListedFile(value: unknown): value is ListedFile {
  const file = value as Partial<Record<keyof ListedFile, unknown>> | null;
  return (
    typeof file === "object" &&
    typeof file?.path === "string" &&
    file.path.startsWith("/") &&
    !file.path.split("/").includes("..") &&
    (file.owner === undefined || typeof file.owner === "string") &&
    (file.mode === undefined ||
      (typeof file.mode === "string" && /^[0-7]{3,4}$/.test(file.mode))) &&
    typeof file.key === "string"
  );
}

/** What Kubernetes stores of a Secret, in base64 by key: it writes `stringData` over `data`. */
export function storedData(
  data: Readonly<Record<string, string>>,
  stringData: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  const encoded = Object.entries(stringData).map(([key, text]) => [
    key,
    Buffer.from(text).toString("base64"),
  ]);
  return { ...data, ...Object.fromEntries(encoded) };
}
