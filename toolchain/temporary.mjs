// A folder for what one run of the CLI, the program and the plugins write for themselves alone.
import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";

const prefix = "kubelet-trust-run-";
const day = 24 * 60 * 60 * 1000;

/**
 * Gives work a temporary folder that nobody else can read, and removes it with all that is in it. The vendor's Kubernetes
 * plugin writes the kubeconfig of each cluster into such a folder, credentials and all, for Helm, and never removes it.
 * Source: pulumi-kubernetes `provider/pkg/provider/util.go` (writeKubeconfigToFile).
 *
 * What a killed run left is removed too, a day later: its CLI may live longer.
 * @template T
 * @param {(folder: string) => Promise<T>} work
 * @param {string} [root] where the folder is made, default the system's for temporary files
 * @returns {Promise<T>} what work returns
 */
export async function withTemporaryFolder(work, root = os.tmpdir()) {
  removeLeft(root);
  const folder = fs.mkdtempSync(path.join(root, prefix));
  try {
    return await work(folder);
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

/** @param {string} root */
function removeLeft(root) {
  for (const name of fs.readdirSync(root)) {
    if (!name.startsWith(prefix)) continue;
    const folder = path.join(root, name);
    const stat = fs.lstatSync(folder, { throwIfNoEntry: false });
    if (!stat?.isDirectory() || stat.uid !== process.getuid?.()) continue;
    if (Date.now() - stat.mtimeMs > day) fs.rmSync(folder, { recursive: true, force: true });
  }
}
