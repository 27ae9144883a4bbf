import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import ts from 'typescript'

t.setTimeout(300_000)

// What is borrowed from Node's inside stands in src/proxy/node: everywhere else, a member of an object of Node's is one that
// Node's types have. A type that adds members to one of Node's, and a name with an underscore before it, tell the others.

const root = fileURLToPath(new URL('..', import.meta.url))
const src = join(root, 'src')
const borrowing = join(src, 'proxy/node')

const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), ts.sys.readFile)
const { options, fileNames } = ts.parseJsonConfigFileContent(config, ts.sys, root)

const isOfNode = (declaration: ts.Declaration) => declaration.getSourceFile().fileName.includes('/@types/node/')
const isOurs = (declaration: ts.Declaration) => declaration.getSourceFile().fileName.startsWith(src)

/** Members of Node's parser, whose type Node does not tell. */
const ofParser = ['parser', 'onIncoming', 'kOnBody', 'getCurrentBuffer']

/** Members that Node documents, and its types leave out: of a TLS socket, of the error of `clientError`, of a standard stream. */
const documented = ['encrypted', 'rawPacket', 'bytesParsed', 'fd']

/** The members of objects of Node's that `file` uses, and that Node's types do not have. */
function borrowedBy(file: ts.SourceFile, checker: ts.TypeChecker): readonly string[] {
  const found: string[] = []
  const look = (object: ts.Type, name: ts.Identifier) => {
    const parts = object.isUnionOrIntersection() ? object.types : [object]
    const isNodes = parts.some(part => part.symbol?.declarations?.some(isOfNode) === true)
    const isAdded = checker.getPropertyOfType(object, name.text)?.declarations?.some(isOurs) === true
    const isHidden = name.text.startsWith('_') || ofParser.includes(name.text)
    if (!isHidden && !(isNodes && isAdded && !documented.includes(name.text))) return
    const { line } = file.getLineAndCharacterOfPosition(name.getStart())
    found.push(`${relative(root, file.fileName)}:${line + 1} ${name.text}`)
  }
  const visit = (node: ts.Node): void => {
    if (ts.isPropertyAccessExpression(node) && ts.isIdentifier(node.name)) {
      look(checker.getTypeAtLocation(node.expression), node.name)
    } else if (ts.isBindingElement(node) && ts.isObjectBindingPattern(node.parent)) {
      const name = node.propertyName ?? node.name
      if (ts.isIdentifier(name)) look(checker.getTypeAtLocation(node.parent), name)
    }
    ts.forEachChild(node, visit)
  }
  visit(file)
  return found
}

t.test('what Node does not document is used in one folder alone', async t => {
  const program = ts.createProgram(fileNames, options)
  const checker = program.getTypeChecker()
  const files = program.getSourceFiles().filter(({ fileName }) => fileName.startsWith(src))
  t.ok(files.length > 100)
  const outside = files.filter(({ fileName }) => !fileName.startsWith(`${borrowing}/`))
  t.strictSame(
    outside.flatMap(file => borrowedBy(file, checker)),
    [],
  )
  const inside = files
    .filter(({ fileName }) => fileName.startsWith(`${borrowing}/`))
    .flatMap(file => borrowedBy(file, checker))
  for (const member of ['_unrefTimer', '_parent', '_handle', 'maxHeaderSize', 'getCurrentBuffer', 'kOnBody']) {
    t.ok(
      inside.some(found => found.endsWith(` ${member}`)),
      `the test sees ${member}`,
    )
  }
})
