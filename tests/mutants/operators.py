# SPDX-License-Identifier: MIT
"""What can be changed in a C file, found by its tokens: see candidates().

A change never adds or removes a line, so that line numbers (in asserts, in what users are told)
stay as they are. Not changed are comments, strings, preprocessor lines, asserts, what only prints,
and memory orders, which tests/check/mutate.py weakens one by one.
"""
import re
from typing import NamedTuple

TOKEN = re.compile(r"""//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'"""
                   r"""|[A-Za-z_]\w*|\d[\w.]*|->|\+\+|--|<<=|>>=|<<|>>|<=|>=|==|!=|&&|\|\|"""
                   r"""|[-+*/%&|^]=|\S""", re.S)
DIRECTIVE = re.compile(r"^[ \t]*#(?:[^\n\\]|\\.)*", re.M | re.S)

RELATIONS = {"<": ["<=", ">="], "<=": ["<", ">"], ">": [">=", "<="], ">=": [">", "<"],
             "==": ["!="], "!=": ["=="]}
CONNECTIVES = {"&&": "||", "||": "&&"}
ASSIGNMENTS = {"=", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "<<=", ">>=", "++", "--"}

# Not statements of their own, or nothing that runs.
KEYWORDS = {"if", "else", "for", "while", "do", "switch", "case", "default", "return", "break",
            "continue", "goto", "sizeof", "static", "const", "struct", "enum", "union", "typedef",
            "extern", "register", "volatile", "__asm__", "_Static_assert"}
ASSERTS = {"RNI_ASSERT", "_Static_assert", "rni_assert_failed", "assert"}
PRINTS = {"put", "put_number", "fprintf", "printf", "dprintf", "snprintf", "rni_say", "RNI_LAYOUT",
          "RNI_LAYOUT_FIELD", "RNI_LAYOUT_NUMBER", "RNI_LAYOUT_ADDRESS", "rni_error_write"}


class Token(NamedTuple):
    text: str
    start: int
    end: int


class Mutant(NamedTuple):
    """text[start:end] becomes `new`; `kind` names the operator, `line` counts from 1."""
    file: str
    line: int
    kind: str
    start: int
    end: int
    old: str
    new: str

    def name(self):
        return (f"{self.file}:{self.line}: {self.kind}: `{self.brief(self.old)}` -> "
                f"`{self.brief(self.new)}`")

    @staticmethod
    def brief(text):
        text = " ".join(text.split())
        return text if len(text) <= 70 else text[:67] + "..."


def tokens_of(text):
    """The tokens, but for comments and preprocessor lines."""
    masked = DIRECTIVE.sub(lambda m: re.sub(r"[^\n]", " ", m.group()), without_comments(text))
    return [Token(m.group(), m.start(), m.end()) for m in TOKEN.finditer(masked)]


def without_comments(text):
    def blank(match):
        token = match.group()
        return re.sub(r"[^\n]", " ", token) if token.startswith(("//", "/*")) else token
    return TOKEN.sub(blank, text)


def partners(tokens):
    """For the index of each bracket, that of its partner."""
    found, open_ones = {}, []
    for i, token in enumerate(tokens):
        if token.text in "([{":
            open_ones.append(i)
        elif token.text in ")]}" and open_ones:
            found[i] = open_ones.pop()
            found[found[i]] = i
    return found


def regions(tokens):
    """For each token "code" (in a function), "init" (in braces there), "enum" or None."""
    kinds, stack = [], [None]
    enum_seen = False
    for i, token in enumerate(tokens):
        if token.text == "enum":
            enum_seen = True
        elif token.text == ";":
            enum_seen = False
        kinds.append(stack[-1])
        if token.text == "{":
            before = tokens[i - 1].text if i else ""
            if stack[-1] is None:
                stack.append("enum" if enum_seen else "code" if before == ")" else "data")
            elif stack[-1] == "code" and before in (")", "{", "}", ";", "else", "do", ":"):
                stack.append("code")
            else:
                stack.append("init" if stack[-1] == "code" else stack[-1])
            enum_seen = False
        elif token.text == "}" and len(stack) > 1:
            stack.pop()
            kinds[-1] = stack[-1]
    return [None if kind == "data" else kind for kind in kinds]


def statements(tokens, kinds, pair):
    """(first, last) of each expression statement, last being its semicolon."""
    for i, token in enumerate(tokens):
        if kinds[i] != "code" or not re.match(r"[A-Za-z_(*+-]", token.text) \
                or token.text in KEYWORDS:
            continue
        before = tokens[i - 1].text
        if before == ")":  # of an if, a for or a while
            head = tokens[pair[i - 1] - 1].text
            if head not in ("if", "for", "while"):
                continue
        elif before not in (";", "{", "}", "else", "do"):
            continue
        if any(t == "for" for t in enclosing_calls(tokens, pair, i)):
            continue
        last = i
        while tokens[last].text != ";":
            last = pair[last] + 1 if tokens[last].text in "([{" else last + 1
        yield i, last


def enclosing_calls(tokens, pair, i):
    """The names before each round bracket that is open at token i."""
    for j in range(i - 1, -1, -1):
        if tokens[j].text == "(" and pair.get(j, i) >= i and j:
            yield tokens[j - 1].text
        elif tokens[j].text in ";{" and not any(
                tokens[k].text == "(" and pair.get(k, 0) > i for k in range(max(0, j - 40), j)):
            return


def kind_of_statement(tokens, first, last):
    """"call", "assignment" or None for a declaration."""
    words = [t.text for t in tokens[first:last]]
    if re.match(r"[A-Za-z_]", words[0]) and len(words) > 1 \
            and (re.match(r"[A-Za-z_]", words[1])):
        return None
    if words[0] in PRINTS | ASSERTS or words[:2] == ["(", "void"]:
        return None
    if len(words) > 2 and words[1] == "*" and re.match(r"[A-Za-z_]", words[2]):
        return None  # T *x = ...;
    depth = 0
    for word in words:
        depth += (word in "([{") - (word in ")]}")
        if depth == 0 and word in ASSIGNMENTS:
            return "assignment"
    return "call" if "(" in words else None


def silent(tokens, kinds, pair):
    """Indices of tokens that only print or assert: calls with a string, and asserts."""
    quiet = set()
    for i, token in enumerate(tokens):
        if token.text != "(" or i not in pair or not i:
            continue
        name = tokens[i - 1].text
        inside = range(i, pair[i] + 1)
        if name in ASSERTS | PRINTS or (re.match(r"[a-z_]\w*$", name) and name not in KEYWORDS
                                        and any(tokens[j].text[0] == '"' for j in inside)):
            quiet.update(inside)
    for i, token in enumerate(tokens):  # x ? "a" : "b"
        if token.text[0] == '"' and kinds[i] is not None:
            j = i
            while j > 0 and tokens[j].text not in (";", "{", "}"):
                quiet.add(j)
                j -= 1
    return quiet


def literal(text):
    """The value of a decimal or hexadecimal constant with its suffix, or None."""
    match = re.fullmatch(r"(0[xX][0-9a-fA-F]+|\d+)([uUlL]*)", text)
    return (int(match.group(1), 0), match.group(2)) if match else None


def returns(tokens, i):
    """Replacements of what a return at i returns, and the index of its semicolon."""
    last = i + 1
    while tokens[last].text != ";":
        last += 1
    words = [t.text for t in tokens[i + 1:last]]
    if words in (["true"], ["false"]):
        return ["false" if words == ["true"] else "true"], last
    if words == ["0"]:
        return ["-5"], last
    if words and words != ["NULL"]:
        return ["0"], last
    return [], last


def candidates(file, text, built):
    """All mutants of the lines in `built`, in the order of the text."""
    tokens = tokens_of(text)
    pair = partners(tokens)
    kinds = regions(tokens)
    quiet = silent(tokens, kinds, pair)
    found = []

    def add(kind, first, last, new):
        start, end = tokens[first].start, tokens[last].end
        line = text.count("\n", 0, start) + 1
        if line not in built:
            return
        new += "\n" * text.count("\n", start, end)
        found.append(Mutant(file, line, kind, start, end, text[start:end], new))

    for i, token in enumerate(tokens):
        if kinds[i] is None or i in quiet:
            continue
        word = token.text
        before = tokens[i - 1].text
        if literal(word) and before not in ("case", "[") and kinds[i] in ("code", "enum", "init"):
            value, suffix = literal(word)
            add("constant", i, i, f"{value + 1}{suffix}")
            if value > 0:
                add("constant", i, i, f"{value - 1}{suffix}")
        if kinds[i] == "enum":
            continue
        binary = re.match(r"[\w)\]]", before[-1]) and before not in KEYWORDS
        for new in RELATIONS.get(word, []):
            add("relation", i, i, new)
        if word in CONNECTIVES:
            add("connective", i, i, CONNECTIVES[word])
        elif word in "+-" and binary:
            add("arithmetic", i, i, "-" if word == "+" else "+")
        elif word == "!" and tokens[i + 1].text != "=":
            add("negation", i, i, "")
        elif word in ("if", "while") and tokens[i + 1].text == "(":
            close = pair[i + 1]
            inner = text[tokens[i + 1].start:tokens[close].end]
            if tokens[i + 2].text in "01" and close == i + 3:
                continue
            add("condition negated", i + 1, close, f"(!{inner})".replace("\n", " "))
            if word == "if":
                add("branch dropped", i + 1, close, f"(0 && {inner})".replace("\n", " "))
                add("branch always", i + 1, close, f"(1 || {inner})".replace("\n", " "))
        elif word == "return" and not any(j in quiet for j in (i + 1, i + 2)):
            replacements, last = returns(tokens, i)
            for new in replacements:
                add("return", i, last, f"return {new};")
    for first, last in statements(tokens, kinds, pair):
        kind = kind_of_statement(tokens, first, last)
        if kind:
            add(f"{kind} deleted", first, last, ";")
    return sorted(found, key=lambda m: (m.start, m.kind, m.new))
