using System.Text;
using DlmUpdater.Configuration;
using Microsoft.Extensions.Configuration.Ini;

namespace DlmUpdater.Tests.Configuration;

[System.Runtime.Versioning.SupportedOSPlatform("linux")]
public sealed class ConfigurationFuzzTests : IDisposable
{
    private readonly ConfigurationSandbox box = new();

    private static readonly byte[] Seed = Encoding.UTF8.GetBytes("""
        [main]
        log = /var/log/x.log
        lock_name = "web"
        foreman_url = https://foreman.example.com
        reboot_cmd = sh -c 'reboot "now"'
        needs_update.d = /etc/x/needs_update.d/
        # comment
        [lock]
        wait_max = 1h30m
        [schedule]
        date_constraint = 2:Tue,4:Fri
        [etcd]
        endpoints = https://a, http://[::1]:2379
        [scripts]
        user_script_users = a, b
        """);

    private static readonly byte[][] Pieces =
        [.. new[] { "=", ":", "[", "]", "\"", "'", "\r", "\n", "\r\n", "\0", "#", ";", "/", "\uFEFF", "\u2028", "\u00A0", " ", "\t", "[lock]", "[a:b]", "\n[]\n", "name=x\n", "..", "@", "%", "$", "\\", "٣" }
            .Select(Encoding.UTF8.GetBytes), [0xFF], [0xC3], [0xED, 0xA0, 0x80]];

    private static byte[] Mutate(Random dice)
    {
        var bytes = new List<byte>(Seed);
        for (int i = dice.Next(1, 8); i > 0; i--)
        {
            int at = dice.Next(bytes.Count);
            switch (dice.Next(5))
            {
                case 0:
                    bytes[at] = (byte)dice.Next(256);
                    break;
                case 1:
                    bytes.RemoveRange(at, Math.Min(dice.Next(1, 12), bytes.Count - at));
                    break;
                case 2:
                    int from = dice.Next(bytes.Count);
                    bytes.InsertRange(at, bytes.GetRange(from, Math.Min(dice.Next(1, 60), bytes.Count - from)));
                    break;
                default:
                    bytes.InsertRange(at, Pieces[dice.Next(Pieces.Length)]);
                    break;
            }

            if (bytes.Count == 0)
                bytes.Add((byte)'\n');
        }

        return [.. bytes];
    }

    [Fact]
    public void Twenty_thousand_broken_files_are_judged_as_the_package_judges_them_and_nothing_is_thrown()
    {
        var dice = new Random(20260);
        var file = new Place(0, "fuzz.ini");
        int clean = 0;
        for (int i = 0; i < 20_000; i++)
        {
            byte[] bytes = Mutate(dice);
            var findings = new Findings();
            List<IniEntry> entries = IniScan.Read(bytes, file, findings);
            Complaint[] complaints = findings.InOrder();
            Assert.DoesNotContain(complaints, c => c.Text.Contains("bug", StringComparison.Ordinal) || c.Text.Contains('\n', StringComparison.Ordinal));
            if (findings.AnyError)
                continue;

            // What the scan takes, the package takes, with the same keys and values.
            clean++;
            IDictionary<string, string?> package = IniStreamConfigurationProvider.Read(new MemoryStream(bytes));
            Assert.Equal(
                package.OrderBy(p => p.Key, StringComparer.OrdinalIgnoreCase).Select(p => (p.Key.ToUpperInvariant(), p.Value)),
                entries.Where(e => e.Key is not null).Select(e => ($"{e.Section}:{e.Key}", (string?)e.Value))
                    .OrderBy(p => p.Item1, StringComparer.OrdinalIgnoreCase).Select(p => (p.Item1.ToUpperInvariant(), p.Item2)));
        }

        Assert.InRange(clean, 1000, 19_000);
    }

    [Fact]
    public void The_loader_never_throws_and_gives_settings_or_an_error()
    {
        var dice = new Random(7);
        int good = 0;
        for (int i = 0; i < 1_500; i++)
        {
            box.Write("config.ini", Mutate(dice));
            LoadedConfiguration loaded = box.Load(strict: i % 2 == 0);
            Assert.Equal(loaded.Settings is null, loaded.Complaints.Any(c => c.Severity == Severity.Error));
            good += loaded.Settings is null ? 0 : 1;
        }

        Assert.InRange(good, 50, 1_450);
    }

    [Fact]
    public void No_value_of_any_key_makes_the_loader_throw()
    {
        var dice = new Random(11);
        for (int i = 0; i < 5_000; i++)
        {
            SettingKey key = SettingsCatalog.Keys[i % SettingsCatalog.Keys.Count];
            byte[] value = Mutate(dice)[..dice.Next(1, 24)];
            box.Flags.Clear();
            box.Flags.Add(new ConfigurationOverride(key.Section, key.Key, Encoding.Latin1.GetString(value), "--flag"));
            LoadedConfiguration loaded = ConfigurationLoader.Load(new ConfigurationRequest { File = "/nowhere/config.ini", Overrides = box.Flags });
            Assert.DoesNotContain(loaded.Complaints, c => c.Text.Any(char.IsControl));
        }
    }

    public void Dispose() => box.Dispose();
}
