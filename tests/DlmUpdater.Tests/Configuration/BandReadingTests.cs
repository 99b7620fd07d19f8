using DlmUpdater.Configuration;
using DlmUpdater.Core.Settings;
using DlmUpdater.Core.Upgrades;

namespace DlmUpdater.Tests.Configuration;

public sealed class BandReadingTests : IDisposable
{
    private readonly ConfigurationSandbox _box = new();

    public void Dispose() => _box.Dispose();

    [Fact]
    public void Without_a_section_the_three_bands_of_katello_hold() => Assert.Equal(Band.Defaults, Bands(""));

    [Fact]
    public void A_section_of_a_known_name_fills_in_what_it_says_and_the_others_stay()
    {
        Band[] bands = Bands("""
            [band backends]
            services = mongod, tomcat /usr/lib/queue
            ready = mongod=tcp:localhost:27017 | unix:/run/q.sock | curl -fs http://localhost/
            ready_timeout = 20m
            """);
        Assert.Equal(["down", "backends", "all"], bands.Select(b => b.Name));
        Assert.Equal((3000, 5999, BandState.Up, TimeSpan.FromMinutes(20)), (bands[1].From, bands[1].To, bands[1].State, bands[1].ReadyTimeout));
        Assert.Equal<string>(["mongod", "tomcat", "/usr/lib/queue"], bands[1].Services);
        Assert.Equal(["tcp:localhost:27017", "unix:/run/q.sock", "curl -fs http://localhost/"], bands[1].Ready.Select(p => p.ToString()));
        Assert.Equal("mongod", bands[1].Ready[0].Service);
    }

    [Fact]
    public void A_name_of_ones_own_replaces_them_all_and_bands_stand_by_number()
    {
        Band[] bands = Bands("[band late]\nfrom = 500\nto = 999\nstate = up\n[band early]\nfrom = 1\nto = 499\nstate = down\nservices = a\n");
        Assert.Equal(["early 1-499 Down", "late 500-999 Up"], bands.Select(b => $"{b.Name} {b.From}-{b.To} {b.State}"));
    }

    [Fact]
    public void Sections_of_one_name_in_several_files_are_one_and_the_later_wins()
    {
        _box.Write("config.d/10.ini", "[band down]\nservices = b\nready_timeout = 1m\n");
        Band down = Bands("[band down]\nservices = a\n")[0];
        Assert.Equal<string>(["b"], down.Services);
        Assert.Equal(TimeSpan.FromMinutes(1), down.ReadyTimeout);
    }

    [Theory]
    [InlineData("[band Down]\nfrom = 1\n", "[band Down]: a band is named with lower-case letters")]
    [InlineData("[band a/b]\nfrom = 1\n", "a band is named with lower-case letters")]
    [InlineData("[band down]\nfrom = 0\n", "[band down] from: '0' is not a number from 1 to 9999")]
    [InlineData("[band down]\nstate = sideways\n", "[band down] state: 'sideways' is none of down, up")]
    [InlineData("[band down]\nservices = a b a\n", "[band down] services: names a service twice")]
    [InlineData("[band down]\nservices = bin/x\n", "is neither the name of a systemd unit nor an absolute path")]
    [InlineData("[band down]\nready = tcp:a:1\n", "[band down] ready: has no sense where the services are down")]
    [InlineData("[band all]\nservices = a\nready = b=tcp:a:1\n", "[band all] ready: 'b=tcp:a:1' is neither")]
    [InlineData("[band all]\nready_timeout = 0\n", "[band all] ready_timeout: '0' is no time at all")]
    [InlineData("[band mine]\nfrom = 1\nto = 2\n", "[band mine] state: is not set")]
    [InlineData("[band down]\nto = 4000\n", "overlaps [band down]")]
    public void What_is_wrong_is_named(string text, string part) => Assert.Contains(part, string.Join('\n', _box.Errors(ConfigurationSandbox.Minimal + text)), StringComparison.Ordinal);

    [Fact]
    public void An_unknown_key_and_a_key_without_a_value_stop_new_runs()
    {
        foreach (bool strict in new[] { false, true })
        {
            Complaint complaint = Assert.Single(_box.Load(ConfigurationSandbox.Minimal + "[band down]\nservces = a\n", strict).Complaints);
            Assert.Equal(Severity.NewRuns, complaint.Severity);
            Assert.Contains("[band down] servces: there is no such key", complaint.Text, StringComparison.Ordinal);
        }

        foreach (SettingKey key in BandReading.Keys("down"))
        {
            Complaint complaint = Assert.Single(_box.Load(ConfigurationSandbox.Minimal + $"[band down]\n{key.Key} = \n").Complaints);
            Assert.Equal((Severity.NewRuns, $"config.ini:5: [band down] {key.Key}: {key.EmptyText}"), (complaint.Severity, _box.Relative(complaint)));
        }
    }

    private Band[] Bands(string text)
    {
        UpdaterSettings settings = _box.Good(ConfigurationSandbox.Minimal + text, strict: false);
        return [.. settings.Upgrade.Bands];
    }
}
