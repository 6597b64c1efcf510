// The schema of the Pulumi package, made from the types of plugin/types.ts and their doc comments: one source for
// TypeScript and for every other language. Pulumi's own analyzer takes no type aliases, no read-only arrays and no
// unions, which the components' arguments are made of.
import * as path from "node:path";
import ts from "typescript";
import { Failure } from "./fail.mjs";
import { repository } from "./paths.mjs";

/**
 * @typedef {{ type?: string, $ref?: string, items?: Spec, additionalProperties?: Spec, oneOf?: Spec[], plain?: boolean }} Spec
 * @typedef {Spec & { description: string }} Property
 * @typedef {{ properties: Record<string, Property>, required: string[] }} Shape
 */

/** The components that other languages have: class, and the file that describes it. */
const components = { Cluster: "components/cluster.ts", NodePool: "components/node-pool.ts" };

const types = path.join(repository, "plugin", "types.ts");

/**
 * @param {string} name of the package
 * @param {string} version
 * @param {string} description
 * @returns {Record<string, unknown>} the schema, as `pulumi package get-schema` gives it
 * @throws {Failure} when a type has no counterpart in other languages, or something has no description
 */
export function makeSchema(name, version, description) {
  const { options } = ts.convertCompilerOptionsFromJson(
    ts.readConfigFile(path.join(repository, "tsconfig.json"), ts.sys.readFile).config
      .compilerOptions,
    repository,
  );
  const files = Object.values(components).map((file) => path.join(repository, file));
  const program = ts.createProgram([types, ...files], options);
  const reader = createReader(name, program.getTypeChecker());
  const resources = Object.entries(components).map(([component, file]) => {
    const inputs = reader.shapeOf(exported(program, types, `${component}Inputs`));
    const outputs = reader.shapeOf(exported(program, types, `${component}Outputs`));
    return [
      `${name}:index:${component}`,
      {
        isComponent: true,
        description: reader.describe(exported(program, path.join(repository, file), component)),
        inputProperties: inputs.properties,
        requiredInputs: inputs.required,
        properties: Object.fromEntries(
          Object.entries(outputs.properties).map(([key, spec]) => [key, eventual(spec)]),
        ),
        required: outputs.required,
      },
    ];
  });
  return {
    name,
    displayName: name,
    version,
    description,
    keywords: ["kind/component", "pulumi", "kubernetes", "kubelet", "certificates"],
    license: "Apache-2.0",
    language: Object.fromEntries(
      ["nodejs", "python", "go", "csharp", "java"].map((language) => [
        language,
        { respectSchemaVersion: true },
      ]),
    ),
    types: reader.types,
    resources: Object.fromEntries(resources),
  };
}

/**
 * @param {ts.Program} program
 * @param {string} file
 * @param {string} name
 * @returns {ts.Symbol}
 */
function exported(program, file, name) {
  const checker = program.getTypeChecker();
  const source = program.getSourceFile(file);
  const module = source && checker.getSymbolAtLocation(source);
  const symbol = module && checker.getExportsOfModule(module).find((one) => one.getName() === name);
  if (!symbol) throw new Failure(`${path.relative(repository, file)} exports no ${name}`);
  return symbol;
}

/**
 * Reads types into a schema's; the named ones gather in `types`.
 * @param {string} packageName
 * @param {ts.TypeChecker} checker
 */
function createReader(packageName, checker) {
  /** @type {Record<string, unknown>} */
  const types = {};

  /** @param {ts.Symbol} symbol */
  function describe(symbol) {
    const said = (/** @type {ts.Symbol | undefined} */ one) =>
      ts.displayPartsToString(one?.getDocumentationComment(checker));
    const text = said(symbol) || said(listOf(symbol));
    if (text === "") throw new Failure(`${placeOf(symbol)} has no doc comment`);
    return text.replace(/\{@link (\w+) *\}/g, "`$1`");
  }

  /**
   * The list of a type's words, which says what they mean.
   * @param {ts.Symbol} symbol e.g. of `type Word = (typeof words)[number]`
   */
  function listOf(symbol) {
    const declaration = symbol.declarations?.[0];
    if (!declaration || !ts.isTypeAliasDeclaration(declaration)) return undefined;
    const { type } = declaration;
    if (!ts.isIndexedAccessTypeNode(type)) return undefined;
    const list = ts.isParenthesizedTypeNode(type.objectType) ? type.objectType.type : undefined;
    return list && ts.isTypeQueryNode(list)
      ? aliased(checker.getSymbolAtLocation(list.exprName))
      : undefined;
  }

  /** @param {ts.Symbol} symbol a type with properties */
  function shapeOf(symbol) {
    /** @type {Shape} */
    const shape = { properties: {}, required: [] };
    for (const property of checker.getDeclaredTypeOfSymbol(symbol).getApparentProperties()) {
      const declaration = property.declarations?.[0];
      const type = declaration && ts.isPropertySignature(declaration) && declaration.type;
      if (!type) throw new Failure(`${placeOf(property)} has no type`);
      shape.properties[property.getName()] = { ...specOf(type), description: describe(property) };
      if ((property.flags & ts.SymbolFlags.Optional) === 0) shape.required.push(property.getName());
    }
    return shape;
  }

  /**
   * @param {ts.TypeNode} node
   * @returns {Spec}
   */
  function specOf(node) {
    if (ts.isParenthesizedTypeNode(node)) return specOf(node.type);
    if (ts.isTypeOperatorNode(node)) return specOf(node.type);
    if (ts.isArrayTypeNode(node)) return plain({ type: "array", items: specOf(node.elementType) });
    if (ts.isUnionTypeNode(node)) return plain({ oneOf: node.types.map(specOf) });
    if (ts.isTypeReferenceNode(node)) return referenceOf(node);
    const word = ts.tokenToString(node.kind) ?? "";
    const simple = simpleTypes[word];
    if (simple) return plain(simple);
    throw new Failure(
      `${node.getText()} in ${placeOf(node)} has no counterpart in other languages: give it a name, or leave it out of plugin/types.ts`,
    );
  }

  /** @param {ts.TypeReferenceNode} node */
  function referenceOf(node) {
    const [argument] = node.typeArguments ?? [];
    const name = node.typeName.getText();
    if (argument && name === "pulumi.Input") return eventual(specOf(argument));
    const type = checker.getTypeFromTypeNode(node);
    const values = checker.getIndexInfoOfType(type, ts.IndexKind.String);
    if (values) return plain({ type: "object", additionalProperties: valueSpec(node, values) });
    return named(node, type);
  }

  /**
   * What is behind the keys of a map.
   * @param {ts.TypeReferenceNode} node
   * @param {ts.IndexInfo} values
   * @returns {Spec}
   */
  function valueSpec(node, { type }) {
    if (type.flags & ts.TypeFlags.Unknown) return { $ref: "pulumi.json#/Any" };
    const inner = node.typeArguments?.at(-1);
    if (!inner) throw new Failure(`${placeOf(node)}: of what is ${node.getText()} a map?`);
    return ts.isTypeReferenceNode(inner) && /^Record$/.test(inner.typeName.getText())
      ? specOf(/** @type {ts.TypeNode} */ (inner.typeArguments?.at(-1)))
      : specOf(inner);
  }

  /**
   * @param {ts.TypeReferenceNode} node
   * @param {ts.Type} type
   */
  function named(node, type) {
    const symbol = aliased(checker.getSymbolAtLocation(node.typeName));
    if (!symbol) throw new Failure(`${node.getText()} in ${placeOf(node)} is no type`);
    // An SDK's own names for what goes in end so again.
    const token = `${packageName}:index:${symbol.getName().replace(/Args$/, "")}`;
    const spec = plain({ $ref: `#/types/${token}` });
    if (types[token]) return spec;
    const literals = (type.isUnion() ? type.types : [type]).filter((one) => one.isStringLiteral());
    if (literals.length > 0) {
      const values = literals.map(({ value }) => ({ value }));
      types[token] = { type: "string", description: describe(symbol), enum: values };
      return spec;
    }
    types[token] = {}; // Types may refer to each other in a circle.
    const { properties, required } = shapeOf(symbol);
    types[token] = {
      ...{ type: "object", description: describe(symbol), properties },
      ...(required.length === 0 ? {} : { required }),
    };
    return spec;
  }

  /** @param {ts.Symbol | undefined} symbol */
  function aliased(symbol) {
    return symbol && symbol.flags & ts.SymbolFlags.Alias
      ? checker.getAliasedSymbol(symbol)
      : symbol;
  }

  return { types, describe, shapeOf };
}

/** @type {Readonly<Record<string, Spec>>} every number among the arguments is a whole one */
const simpleTypes = {
  string: { type: "string" },
  number: { type: "integer" },
  boolean: { type: "boolean" },
};

/**
 * What has to be known at once.
 * @param {Spec} spec
 * @returns {Spec}
 */
function plain(spec) {
  return { ...spec, plain: true };
}

/**
 * What may become known later.
 * @template {Spec} T
 * @param {T} spec
 * @returns {Omit<T, "plain">}
 */
function eventual({ plain: _, ...spec }) {
  return spec;
}

/** @param {ts.Symbol | ts.Node} what */
function placeOf(what) {
  const node = "kind" in what ? what : what.declarations?.[0];
  if (!node) return /** @type {ts.Symbol} */ (what).getName();
  const source = node.getSourceFile();
  const { line } = source.getLineAndCharacterOfPosition(node.getStart());
  return `${path.relative(repository, source.fileName)}:${line + 1}`;
}
