using System.Globalization;
using System.Text;

namespace DlmUpdater.Locks.Etcd;

/// <summary>Writes JSON byte for byte as Go's encoding/json does, so that a semaphore looks the same whoever wrote it last.</summary>
internal sealed class GoJson
{
    private readonly StringBuilder _text = new();

    /// <summary>As it stands.</summary>
    internal GoJson Raw(string text)
    {
        _text.Append(text);
        return this;
    }

    /// <summary>A whole number.</summary>
    internal GoJson Number(long number) => Raw(number.ToString(CultureInfo.InvariantCulture));

    /// <summary>A list of texts in the order of their bytes: locksmith looks them up by halves.</summary>
    internal GoJson Strings(IEnumerable<string> texts)
    {
        string[] sorted = [.. texts];
        Array.Sort(sorted, static (a, b) => Encoding.UTF8.GetBytes(a).AsSpan().SequenceCompareTo(Encoding.UTF8.GetBytes(b)));
        return Raw("[").Raw(string.Join(',', sorted.Select(Text))).Raw("]");
    }

    /// <summary>What was written.</summary>
    internal byte[] ToBytes() => Encoding.UTF8.GetBytes(_text.ToString());

    /// <summary>One text in its quotes. Go escapes what could end a script in HTML, and nothing else that it need not.</summary>
    internal static string Text(string text)
    {
        var quoted = new StringBuilder(text.Length + 2).Append('"');
        foreach (char c in text)
        {
            _ = c switch
            {
                '"' or '\\' => quoted.Append('\\').Append(c),
                '\n' => quoted.Append("\\n"),
                '\r' => quoted.Append("\\r"),
                '\t' => quoted.Append("\\t"),
                < ' ' or '<' or '>' or '&' or '\u2028' or '\u2029' =>
                    quoted.Append("\\u").Append(((int)c).ToString("x4", CultureInfo.InvariantCulture)),
                _ => quoted.Append(c),
            };
        }

        return quoted.Append('"').ToString();
    }
}
