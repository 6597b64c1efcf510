import assert from "node:assert/strict";
import {
  readConfigFile,
  readKubeletConfiguration,
} from "../../../trust/readers/kubelet-configuration.ts";

const source = { where: "/var/lib/kubelet/config.yaml" };
const head = "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n";

describe("readKubeletConfiguration", () => {
  it("finds the documents of its kind among others", () => {
    const { documents } = readKubeletConfiguration(
      `kind: ClusterConfiguration\n---\n${head}maxPods: 5\n`,
      source,
    );
    assert.deepEqual(
      documents.map(({ value }) => value.maxPods),
      [5],
    );
    assert.equal(documents[0]?.lineOf(["maxPods"]), 5);
  });

  it("keeps fields that nobody knows", () => {
    const [document] = readKubeletConfiguration(`${head}noSuchField: 1\n`, source).documents;
    assert.equal(document?.value.noSuchField, 1);
  });
});

describe("readConfigFile", () => {
  it("takes the first document alone, whatever its kind", () => {
    const read = readConfigFile(`kind: Foo\n---\n${head}`, source);
    assert.equal("document" in read && read.document.value.kind, "Foo");
  });

  it("says what a kubelet says of an empty file, of a list and of broken YAML", () => {
    const error = (text: string) => {
      const read = readConfigFile(text, source);
      return "error" in read ? read.error : "";
    };
    assert.equal(error(""), 'kubelet config file "/var/lib/kubelet/config.yaml" was empty');
    assert.match(
      error("[]"),
      /^failed to decode: couldn't get version\/kind; json parse error: json: cannot unmarshal array/,
    );
    assert.equal(
      error("a: b: c"),
      "failed to decode: yaml: mapping values are not allowed in this context",
    );
  });
});
