import assert from "node:assert/strict";
import { readPod } from "../../../trust/readers/pod.ts";
import { readYaml } from "../../../trust/readers/yaml.ts";

const source = { where: "pod.yaml" };

function programs(text: string) {
  const [document] = readYaml(text, source).documents;
  return readPod(document?.value ?? null, source, document?.lineOf).programs;
}

const pod = `
apiVersion: v1
kind: Pod
metadata: {annotations: {a: b}}
spec:
  containers:
  - name: kube-apiserver
    image: registry.k8s.io/kube-apiserver:v1.37.2
    env: [{name: IP, value: 10.0.0.1}]
    command:
    - kube-apiserver
    - --advertise-address=$(IP)
    - --x=$(UNSET)
    volumeMounts:
    - {name: pki, mountPath: /pki}
    - {name: ca, mountPath: /pki/ca.crt, subPath: root.crt}
  volumes:
  - {name: pki, hostPath: {path: /etc/kubernetes/pki/}}
  - {name: ca, hostPath: {path: /other}}
`;

describe("readPod", () => {
  it("finds the program with its environment, image, annotations and lines", () => {
    const [program] = programs(pod);
    const words = program?.commandLine.words ?? [];
    assert.deepEqual(
      words.map((word) => word.kind === "text" && [word.text, word.placeholder, word.source?.line]),
      [
        ["--advertise-address=10.0.0.1", undefined, 12],
        ["--x=$(UNSET)", "$(UNSET)", 13],
      ],
    );
    assert.equal(program?.image, "registry.k8s.io/kube-apiserver:v1.37.2");
    assert.deepEqual(program?.annotations, { a: "b" });
  });

  it("tells in which volume a path lies, the longest mount first", () => {
    const [program] = programs(pod);
    const at = (path: string) => {
      const found = program?.volumeAt(path);
      return found && [found.volume.name, found.path];
    };
    assert.deepEqual(at("/pki/apiserver.crt"), ["pki", "apiserver.crt"]);
    assert.deepEqual(at("/pki/ca.crt"), ["ca", "root.crt"]);
    assert.equal(at("/elsewhere"), undefined);
  });

  it("reads templates, and takes an image's name for its entry point", () => {
    const [program] = programs(
      "kind: DaemonSet\nspec: {template: {spec: {containers: [{image: 'x/kubelet:v1', args: [--a]}]}}}\n",
    );
    assert.equal(program?.commandLine.program, "kubelet");
    assert.equal(program?.commandLine.words.length, 1);
  });

  it("finds nothing in other kinds and in malformed ones", () => {
    for (const text of [
      "kind: Service\n",
      "kind: Pod\n",
      "kind: Pod\nspec: {containers: x}\n",
      "5",
    ]) {
      assert.deepEqual(programs(text), []);
    }
  });
});
