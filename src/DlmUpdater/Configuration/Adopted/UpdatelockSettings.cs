using System.Text;

namespace DlmUpdater.Configuration.Adopted;

/// <summary>What a copy of the shell script <c>updatelock</c> says of itself: the server's address and the lock's name stand in it as
/// <c>FOREMAN_DLM_URL="…"</c> and <c>LOCKNAME="…"</c>; the certificates are puppet's.</summary>
internal sealed class UpdatelockSettings(ConfiguredValues values, Findings findings) : Translation(values, findings)
{
    private const string AsBefore = "as updatelock had it";
    private const string ApiPath = "/api/dlmlocks";

    private readonly ConfiguredValues _values = values;

    /// <summary>Takes the two assignments; the rest of the script is no configuration.</summary>
    internal void Take(Place file, byte[] content)
    {
        Implied(_values, file, "lock", "service", "foreman", AsBefore);
        Implied(_values, file, "foreman", "client_crt", "puppet", AsBefore);

        // It asked once and left the waiting to its timer.
        Implied(_values, file, "lock", "wait", "false", AsBefore);
        int number = 0;
        foreach (string line in Encoding.UTF8.GetString(content).Split('\n'))
        {
            number++;
            if (ShellAssignment.Read(line, out string name, out string? value) is var wrong && name is not ("LOCKNAME" or "FOREMAN_DLM_URL")) continue;
            Place place = file with { Line = number, Origin = name };
            if (value is null)
            {
                Complain(Severity.Error, place, wrong!);
                continue;
            }

            if (name == "LOCKNAME") Set("lock", "name", value, place);
            else if (name == "FOREMAN_DLM_URL") Set("foreman", "url", BaseOf(value), place);
        }
    }

    /// <summary>Foreman's own address: what the script has goes on to the plugin's part of it.</summary>
    internal static string BaseOf(string url)
    {
        url = url.TrimEnd('/');
        return url.EndsWith(ApiPath, StringComparison.Ordinal) ? url[..^ApiPath.Length] : url;
    }
}
