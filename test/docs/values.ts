// Lets a block check the values that its comments tell: in `isFree(3000) // true` the expression must be true.

import { parseSync } from 'vite'

/** A node of the syntax tree, or any other object in it. */
interface Node {
  readonly type: string
  readonly start: number
  readonly end: number
}

interface Edit {
  readonly at: number
  readonly text: string
}

type Language = 'js' | 'jsx' | 'ts' | 'tsx'

/** The name of the function that compares. check-value.cjs defines it. */
const CHECK = 'checkValue'

/** The code, in which each expression that has its value as a comment is compared with this value. */
export function withChecks(code: string, language: Language): string {
  const { program, comments } = parsed(code, language)
  const nodes = nodesIn(program)
  const edits = comments.flatMap((comment, index): Edit[] => {
    const expression = expressionBefore(comment.start, code, nodes)
    if (comment.type !== 'Line' || expression === undefined) return []
    const value = valueIn(code, comments.slice(index))
    return value === undefined
      ? []
      : [
          { at: expression.start, text: `${CHECK}((${value}), (` },
          { at: expression.end, text: '))' },
        ]
  })
  return edited(code, edits)
}

/** The syntax tree of a file. Throws if it has an error. */
export function parsed(code: string, language: Language): ReturnType<typeof parseSync> {
  const sourceType = isCommonJs(code) ? 'commonjs' : 'module'
  const result = parseSync(`block.${language}`, code, { lang: language, sourceType })
  const [error] = result.errors
  if (error !== undefined) {
    const [at] = error.labels
    const line = code.slice(0, at?.start ?? 0).split('\n').length
    throw new Error(`line ${line}: ${error.message}`)
  }
  return result
}

export function isCommonJs(code: string): boolean {
  return /\brequire\(/.test(code) && !/^(import|export)\b/m.test(code)
}

/** The expression of the statement that ends on the same line, just before a comment. */
function expressionBefore(comment: number, code: string, nodes: readonly Node[]): Node | undefined {
  const statement = nodes
    .filter(
      ({ type, end }) =>
        (type === 'ExpressionStatement' || type === 'VariableDeclaration') &&
        /^;?[ \t]+$/.test(code.slice(end, comment)),
    )
    .at(-1) // the innermost one: parents come before their children
  if (statement === undefined) return undefined
  const expression =
    statement.type === 'VariableDeclaration'
      ? nodeIn(nodesOf(statement, 'declarations').at(-1), 'init')
      : nodeIn(statement, 'expression')
  return printedBy(expression, code) ?? expression
}

/** The argument of console.log(): a comment after it tells what is printed. */
function printedBy(expression: Node | undefined, code: string): Node | undefined {
  const callee = nodeIn(expression, 'callee')
  if (callee === undefined || code.slice(callee.start, callee.end) !== 'console.log')
    return undefined
  const values = nodesOf(expression, 'arguments')
  return values.length === 1 ? values[0] : undefined
}

interface Comment {
  readonly type: 'Block' | 'Line'
  readonly value: string
  readonly start: number
  readonly end: number
}

/** The value that the first comment tells, or that it tells together with comments on the next lines. */
function valueIn(code: string, comments: readonly Comment[]): string | undefined {
  let text = ''
  for (const [index, comment] of comments.entries()) {
    const before = comments[index - 1]
    if (before !== undefined && !/^\n[ \t]*$/.test(code.slice(before.end, comment.start))) break
    text += ` ${comment.value.trim()}`
    if (isLiteral(text)) return text.trim()
  }
  return undefined
}

const LITERALS = [
  ...['Literal', 'ArrayExpression', 'ObjectExpression', 'Property', 'ParenthesizedExpression'],
  ...['UnaryExpression', 'TemplateLiteral', 'TemplateElement'],
]

function isLiteral(text: string): boolean {
  const { program, errors } = parseSync('value.js', `(${text})`, {})
  if (errors.length > 0) return false
  const [, statement, ...nodes] = nodesIn(program)
  return (
    statement?.type === 'ExpressionStatement' &&
    nodes.every(
      (node) =>
        LITERALS.includes(node.type) ||
        (node.type === 'Identifier' && (isKey(node, nodes) || text.includes('undefined'))),
    )
  )
}

function isKey(identifier: Node, nodes: readonly Node[]): boolean {
  return nodes.some((node) => node.type === 'Property' && nodeIn(node, 'key') === identifier)
}

/** All nodes of a tree, parents before their children, in the order of the text. */
function nodesIn(tree: unknown): Node[] {
  if (Array.isArray(tree)) return tree.flatMap(nodesIn)
  if (typeof tree !== 'object' || tree === null) return []
  const children = Object.values(tree).flatMap(nodesIn)
  return isNode(tree) ? [tree, ...children] : children
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'type' in value && 'start' in value
}

function nodeIn(parent: Node | undefined, name: string): Node | undefined {
  const value: unknown = parent === undefined ? undefined : Reflect.get(parent, name)
  return isNode(value) ? value : undefined
}

function nodesOf(parent: Node | undefined, name: string): Node[] {
  const value: unknown = parent === undefined ? undefined : Reflect.get(parent, name)
  return Array.isArray(value) ? value.filter(isNode) : []
}

function edited(code: string, edits: readonly Edit[]): string {
  const fromTheEnd = [...edits].sort((a, b) => b.at - a.at)
  return fromTheEnd.reduce(
    (text, { at, text: added }) => text.slice(0, at) + added + text.slice(at),
    code,
  )
}
