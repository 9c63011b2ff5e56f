// What the package exports, read from its sources by the TypeScript compiler, and which of it has no doc comment.
import ts from 'typescript'

const isConstant = (name: string): boolean => /^[A-Z][A-Z0-9_]*$/.test(name)

const hasComment = (symbol: ts.Symbol, checker: ts.TypeChecker): boolean =>
  symbol.getDocumentationComment(checker).length > 0

// An interface of options says enough when each of its members does.
function documented(symbol: ts.Symbol, checker: ts.TypeChecker): boolean {
  const target = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol
  if (hasComment(target, checker)) return true
  if (!(target.flags & ts.SymbolFlags.Interface)) return false
  const members = checker.getPropertiesOfType(checker.getDeclaredTypeOfSymbol(target))
  return members.length > 0 && members.every((member) => hasComment(member, checker))
}

/** Exports of `entries` without a doc comment. A constant has its C name, which is its documentation. */
export function undocumentedExports(entries: readonly string[]): string[] {
  const program = ts.createProgram([...entries], {
    module: ts.ModuleKind.NodeNext,
    target: ts.ScriptTarget.ES2023,
    noEmit: true,
    skipLibCheck: true,
  })
  const checker = program.getTypeChecker()
  return entries.flatMap((entry) => {
    const module = checker.getSymbolAtLocation(program.getSourceFile(entry)!)
    const symbols = module ? checker.getExportsOfModule(module) : []
    return symbols.filter((symbol) => !isConstant(symbol.name) && !documented(symbol, checker)).map(({ name }) => name)
  })
}
