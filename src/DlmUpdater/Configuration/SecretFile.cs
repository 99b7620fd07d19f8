using System.Text;
using System.Text.Unicode;
using DlmUpdater.Core.Settings;

namespace DlmUpdater.Configuration;

/// <summary>Reads a secret that is kept in a file of its own.</summary>
internal static class SecretFile
{
    private const int MostBytes = 16 * 1024;

    /// <summary>The secret without the line end after it. Null, and why, if it cannot be used.</summary>
    internal static SecretText? Read(string path, out string? wrong)
    {
        (SecretText? secret, wrong) = TrustedFile.Read(path, MostBytes) switch
        {
            FileContent.Read file => Judge(path, file),
            FileContent.Missing => (null, "does not exist: create it with mode 0600"),
            FileContent.NullDevice => (null, "is /dev/null and holds no secret"),
            FileContent.Unusable bad => (null, bad.Why),
            _ => (null, "cannot be read"),
        };
        wrong = wrong is null ? null : $"{Display.Plain(path)} {wrong}";
        return secret;
    }

    private static (SecretText?, string?) Judge(string path, FileContent.Read file)
    {
        if ((TrustedFile.OthersMayRead(path, file.Mode) ?? TrustedFile.OthersMayWrite(path, file.Mode, file.Owner)
            ?? TrustedFile.OthersMayReplace(path, TrustedFile.NewChain())) is string open)
            return (null, open);
        if (!Utf8.IsValid(file.Bytes))
            return (null, "is not valid UTF-8");
        string text = Encoding.UTF8.GetString(file.Bytes).TrimEnd('\r', '\n');
        if (text.Length == 0)
            return (null, "is empty");
        foreach (char c in text)
        {
            if (char.IsControl(c))
                return (null, "holds more than one line or a control character: it holds the secret and nothing else");
        }

        return (new SecretText(text), null);
    }
}
