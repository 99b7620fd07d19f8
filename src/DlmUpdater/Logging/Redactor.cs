using System.Text;
using System.Text.Encodings.Web;

namespace DlmUpdater.Logging;

/// <summary>Replaces configured secrets in everything that is written down. Scripts print their environment, and error messages quote
/// what was sent.</summary>
internal sealed class Redactor
{
    /// <summary>Stands for a secret.</summary>
    internal const string Mark = "***";

    /// <summary>A shorter secret is left alone: replacing it would ruin the log and hide nothing.</summary>
    internal const int Shortest = 4;

    private readonly string[] hidden;

    /// <summary>Hides each of <paramref name="secrets"/>, also as JSON and URLs write it, and each line of one that has several.</summary>
    internal Redactor(IEnumerable<string> secrets)
    {
        var all = new HashSet<string>(StringComparer.Ordinal);
        foreach (string secret in secrets)
        {
            Add(all, secret);
            if (secret.Contains('\n', StringComparison.Ordinal))
                foreach (string line in secret.Split('\n')) Add(all, line);
        }

        hidden = [.. all];
    }

    /// <summary>Hides nothing.</summary>
    internal static Redactor None { get; } = new([]);

    /// <summary><paramref name="text"/> with every secret replaced by <see cref="Mark"/>; of secrets that overlap nothing is left.</summary>
    internal string Redact(string text)
    {
        bool[]? covered = null;
        foreach (string secret in hidden)
        {
            for (int at = text.IndexOf(secret, StringComparison.Ordinal); at >= 0; at = text.IndexOf(secret, at + 1, StringComparison.Ordinal))
            {
                covered ??= new bool[text.Length];
                Array.Fill(covered, true, at, secret.Length);
            }
        }

        return covered is null ? text : Replace(text, covered);
    }

    private static string Replace(string text, bool[] covered)
    {
        var result = new StringBuilder(text.Length);
        for (int i = 0; i < text.Length; i++)
        {
            if (!covered[i]) result.Append(text[i]);
            else if (i == 0 || !covered[i - 1]) result.Append(Mark);
        }

        return result.ToString();
    }

    private static void Add(HashSet<string> all, string secret)
    {
        secret = secret.Trim();
        if (secret.Length < Shortest) return;
        all.Add(secret);

        // Letters and digits look the same everywhere: the encoders are not even loaded for them.
        if (secret.All(char.IsAsciiLetterOrDigit)) return;
        all.Add(Uri.EscapeDataString(secret));
        all.Add(JavaScriptEncoder.Default.Encode(secret));
        all.Add(JavaScriptEncoder.UnsafeRelaxedJsonEscaping.Encode(secret));
        all.Add(secret.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal));
    }
}
