using System.Collections.Immutable;
using System.Text;

namespace DlmUpdater.Core.Settings;

/// <summary>Splits a configured command into words as a shell would, but with nothing expanded and no shell run.</summary>
public static class CommandWords
{
    /// <summary>Splits at white space; <c>'…'</c>, <c>"…"</c> and <c>\</c> quote. What only a shell could do (pipes, variables,
    /// comments) is refused: it would otherwise be handed to the command as words.</summary>
    /// <param name="text">The command.</param>
    /// <param name="words">At least one word if it could be split.</param>
    /// <param name="error">Why not, as the rest of a sentence that begins with the text; null if it could.</param>
    public static bool TrySplit(string text, out ImmutableArray<string> words, out string? error)
    {
        var found = ImmutableArray.CreateBuilder<string>();
        error = Split(text, found);
        words = error is null ? found.ToImmutable() : [];
        return error is null;
    }

    private static string? Split(string text, ImmutableArray<string>.Builder words)
    {
        var word = new StringBuilder();
        bool inWord = false;
        for (int at = 0; at < text.Length; at++)
        {
            char c = text[at];
            if (c is '\'' or '"')
            {
                inWord = true;
                if (Quoted(text, ref at, word) is string wrong)
                    return wrong;
            }
            else if (c == '\\')
            {
                if (++at == text.Length)
                    return "ends with a backslash that quotes nothing";
                word.Append(text[at]);
                inWord = true;
            }
            else if (char.IsWhiteSpace(c))
            {
                if (inWord)
                    words.Add(word.ToString());
                word.Clear();
                inWord = false;
            }
            else if (c is '|' or '&' or ';' or '<' or '>' or '(' or ')' or '$' or '`' || (c == '#' && !inWord))
            {
                return NeedsShell(c);
            }
            else
            {
                word.Append(c);
                inWord = true;
            }
        }

        if (inWord)
            words.Add(word.ToString());
        return words.Count == 0 || words[0].Length == 0 ? "names no command" : null;
    }

    /// <summary>Reads a quoted part. <paramref name="at"/>: from the opening quote to the closing one.</summary>
    private static string? Quoted(string text, ref int at, StringBuilder word)
    {
        char quote = text[at];
        for (at++; at < text.Length; at++)
        {
            char c = text[at];
            if (c == quote)
                return null;
            if (quote == '"')
            {
                if (c is '$' or '`')
                    return NeedsShell(c);
                if (c == '\\' && at + 1 < text.Length && text[at + 1] is '"' or '\\' or '$' or '`')
                    c = text[++at];
            }

            word.Append(c);
        }

        return $"has an opening {quote} without a closing one";
    }

    private static string NeedsShell(char c) =>
        $"holds an unquoted {c}, and no shell runs it: quote it, or write sh -c '…'";
}
