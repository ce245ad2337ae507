// The assembly of equations and the rules all of them obey. For the operations' own files.
#pragma once

#include "ir/Dialect.h"
#include <deque>

namespace rondo {

/// Parses `(i, j | r in 64) let (u = %text[i]) %W[j, r] * %x[i, r] where (r <= i)`, piece by piece.
class EquationParser {
public:
  EquationParser(mlir::OpAsmParser &parser, mlir::OperationState &state) : parser(parser), state(state) {}

  mlir::ParseResult parseHead();
  mlir::ParseResult parseLets();
  /// Separated by `*`, or by `,`.
  mlir::ParseResult parseReads(bool byStar);
  mlir::ParseResult parseWhere();
  /// Attributes, `: (operand types) ->` and, when `parenthesised` is not set, one result type.
  mlir::ParseResult parseTypes(bool parenthesised = false);

private:
  using Operands = llvm::SmallVector<mlir::OpAsmParser::UnresolvedOperand>;

  mlir::OpAsmParser &parser;
  mlir::OperationState &state;
  std::deque<std::string> spellings; // what `names` points into
  llvm::SmallVector<std::pair<llvm::StringRef, mlir::AffineExpr>> names;
  unsigned numResultDims = 0;
  llvm::SmallVector<bool> symbolIsLet; // in the order of the text
  Operands reads, lets;
  EquationParts parts;

  mlir::ParseResult parseDims(bool reduced);
  mlir::ParseResult parseAccess(mlir::OpAsmParser::UnresolvedOperand &operand, mlir::AffineMap &map);
  mlir::ParseResult parseConstraint(llvm::SmallVectorImpl<mlir::AffineExpr> &exprs,
                                    llvm::SmallVectorImpl<bool> &equalities);
  mlir::ParseResult parseName(mlir::AffineExpr expr);
};

/// Prints the same pieces. Names are generated, so that two spellings of one equation are one operation.
class EquationPrinter {
public:
  EquationPrinter(mlir::OpAsmPrinter &printer, Equation equation);
  void printHead();
  void printLets();
  void printReads(llvm::StringRef separator);
  void printWhere();
  void printAttributes(llvm::ArrayRef<llvm::StringRef> elided = {});
  void printOperandTypes();

private:
  mlir::OpAsmPrinter &printer;
  Equation equation;
  llvm::SmallVector<std::string> dims, symbols;

  void printAccess(mlir::Value value, mlir::AffineMap map);
  void printExpr(mlir::AffineExpr expr, bool nested = false);
  void printConstraint(mlir::AffineExpr expr, bool equality);
};

/// Names are keywords where they can be, else strings.
void printAxis(mlir::AsmPrinter &printer, llvm::StringRef axis);
mlir::ParseResult parseAxis(mlir::AsmParser &parser, std::string &axis);

/// Rules E1-E5.
mlir::LogicalResult verifyEquation(Equation equation);

} // namespace rondo
