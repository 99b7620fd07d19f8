using System.Globalization;
using System.Text;

namespace DlmUpdater.Locks.Etcd;

/// <summary>Escapes as Go's url.QueryEscape does, which airlock and locksmith use for the group in their keys.</summary>
internal static class GoEscape
{
    /// <summary>A space becomes a plus sign, what is not a letter, a digit or one of <c>-_.~</c> becomes %XX.</summary>
    internal static string Form(ReadOnlySpan<byte> bytes)
    {
        var text = new StringBuilder(bytes.Length + 16);
        foreach (byte b in bytes)
        {
            char c = (char)b;
            if (char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.' or '~') text.Append(c);
            else if (c == ' ') text.Append('+');
            else text.Append('%').Append(b.ToString("X2", CultureInfo.InvariantCulture));
        }

        return text.ToString();
    }

    /// <inheritdoc cref="Form(ReadOnlySpan{byte})"/>
    internal static string Form(string text) => Form(Encoding.UTF8.GetBytes(text));
}
