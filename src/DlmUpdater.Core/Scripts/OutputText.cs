using System.Text;

namespace DlmUpdater.Core.Scripts;

/// <summary>Makes one line of a script's output fit for a log: nothing in it can forge a line, move a cursor or reverse the text.</summary>
public static class OutputText
{
    private const char Replacement = '\uFFFD';

    /// <summary>Decodes <paramref name="line"/> (without its line end). Invalid UTF-8 and control characters other than tab become U+FFFD;
    /// colour and cursor sequences of terminals disappear.</summary>
    public static string Clean(ReadOnlySpan<byte> line)
    {
        string text = Encoding.UTF8.GetString(line);
        int first = text.AsSpan().IndexOfAnyExceptInRange(' ', '~');
        if (first < 0)
            return text;

        var clean = new StringBuilder(text.Length);
        clean.Append(text, 0, first);
        for (int i = first; i < text.Length; i++)
        {
            char c = text[i];
            if (c == '\u001b')
            {
                int length = SequenceLength(text.AsSpan(i));
                if (length > 0)
                    i += length - 1;
                else
                    clean.Append(Replacement);
            }
            else
            {
                clean.Append(IsHarmless(c) ? c : Replacement);
            }
        }

        return clean.ToString();
    }

    /// <summary>The length of the terminal sequence at the start of <paramref name="text"/>; 0 if there is no complete one.</summary>
    private static int SequenceLength(ReadOnlySpan<char> text)
    {
        if (text.Length < 2)
            return 0;
        return text[1] switch
        {
            '[' => ControlLength(text),
            ']' => TitleLength(text),
            '(' or ')' => text.Length > 2 ? 3 : 0,
            '=' or '>' or '7' or '8' or 'c' or 'M' => 2,
            _ => 0,
        };
    }

    private static int ControlLength(ReadOnlySpan<char> text)
    {
        for (int i = 2; i < text.Length; i++)
        {
            if (text[i] is >= '@' and <= '~')
                return i + 1;
            if (text[i] is < ' ' or > '?')
                return 0;
        }

        return 0;
    }

    private static int TitleLength(ReadOnlySpan<char> text)
    {
        int end = text.IndexOf('\a');
        int other = text[1..].IndexOf("\u001b\\");
        if (other >= 0 && (end < 0 || other + 1 < end))
            return other + 3;
        return end + 1;
    }

    private static bool IsHarmless(char c) => c switch
    {
        '\t' => true,
        < ' ' => false,
        >= '\u007f' and <= '\u009f' => false,
        // Line and paragraph separators, and what reverses the direction of the text that follows.
        '\u2028' or '\u2029' => false,
        >= '\u202a' and <= '\u202e' => false,
        >= '\u2066' and <= '\u2069' => false,
        _ => true,
    };
}
